#include "engine/host_call.h"

namespace weft::engine {

using wasm::ValType;

std::vector<llvm::Value*> call_host(Partition& partition, llvm::IRBuilder<>& builder,
                                    llvm::Value* base, uint32_t entry,
                                    std::span<llvm::Value* const> args,
                                    std::span<const ValType> results) {
  auto in_area = [&](size_t i) {
    auto offset = partition.plan().layout.args + static_cast<int64_t>(16 * i);
    return builder.CreateConstGEP1_64(builder.getInt8Ty(), base, static_cast<uint64_t>(offset));
  };
  std::vector<llvm::Value*> all(7, llvm::PoisonValue::get(builder.getInt64Ty()));
  all[0] = base;
  for (size_t i = 0; i < args.size(); ++i) {
    llvm::Value* bits = to_bits(builder, args[i]);
    if (i < 5 && !bits->getType()->isVectorTy()) {
      all[2 + i] = bits;
    } else {
      partition.touches_instance(builder.CreateAlignedStore(bits, in_area(i), llvm::Align(16)));
    }
  }
  auto* call = builder.CreateCall(partition.host_stub(entry), all);
  call->addParamAttr(0, llvm::Attribute::SwiftAsync);
  if (results.size() == 1 && results[0] != ValType::v128) {
    return {from_bits(builder, call, results[0])};
  }
  std::vector<llvm::Value*> values;
  for (size_t i = 0; i < results.size(); ++i) {
    auto* load = builder.CreateAlignedLoad(partition.type(results[i]), in_area(i), llvm::Align(16));
    partition.touches_instance(load);
    values.push_back(load);
  }
  return values;
}

llvm::Value* to_bits(llvm::IRBuilder<>& builder, llvm::Value* value) {
  llvm::Type* type = value->getType();
  if (type->isDoubleTy()) {
    return builder.CreateBitCast(value, builder.getInt64Ty());
  }
  if (type->isFloatTy()) {
    value = builder.CreateBitCast(value, builder.getInt32Ty());
  }
  return value->getType()->isIntegerTy(32) ? builder.CreateZExt(value, builder.getInt64Ty())
                                           : value;
}

llvm::Value* from_bits(llvm::IRBuilder<>& builder, llvm::Value* bits, ValType type) {
  switch (type) {
    case ValType::i32:
      return builder.CreateTrunc(bits, builder.getInt32Ty());
    case ValType::f32:
      return builder.CreateBitCast(builder.CreateTrunc(bits, builder.getInt32Ty()),
                                   builder.getFloatTy());
    case ValType::f64:
      return builder.CreateBitCast(bits, builder.getDoubleTy());
    default:
      return bits;
  }
}

}  // namespace weft::engine

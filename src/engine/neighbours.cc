#include "engine/neighbours.h"

#include <llvm/ADT/MapVector.h>
#include <llvm/ADT/PostOrderIterator.h>
#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/Instructions.h>
#include <llvm/IR/IntrinsicInst.h>
#include <llvm/IR/PatternMatch.h>

#include <optional>
#include <vector>

namespace weft::engine {

namespace {

using llvm::Value;

constexpr uint32_t reach_bytes = 64 << 10;
// Accesses that are compared with each other; in a larger group each sees the ones around it.
constexpr size_t most_compared = 64;

struct Access {
  llvm::Instruction* instruction;
  unsigned operand;      // which is the address
  uint32_t added = 0;    // to the root, in 32 bits
  uint64_t offset = 0;   // in 64 bits
  unsigned segment = 0;  // grows along a block, and with each call
};

// An address in linear memory as zext(root + added) + offset.
struct Address {
  Value* root;
  uint32_t added;
  uint64_t offset;
};

std::optional<Address> parse(Value* pointer) {
  using namespace llvm::PatternMatch;
  auto* place = llvm::dyn_cast<llvm::GetElementPtrInst>(pointer);
  if (place == nullptr || place->getNumIndices() != 1) {
    return std::nullopt;
  }
  Value* index = place->getOperand(1);
  Value* root = nullptr;
  uint64_t offset = 0;
  if (!match(index, m_ZExt(m_Value(root))) &&
      !match(index, m_NUWAdd(m_ZExt(m_Value(root)), m_ConstantInt(offset)))) {
    return std::nullopt;
  }
  uint32_t added = 0;
  uint64_t step = 0;
  Value* before = nullptr;
  while (match(root, m_c_Add(m_Value(before), m_ConstantInt(step)))) {
    added += static_cast<uint32_t>(step);
    root = before;
  }
  return Address{root, added, offset};
}

class Neighbours {
 public:
  Neighbours(const llvm::DominatorTree& dominators, const Partition& partition)
      : dominators_(dominators), partition_(partition) {}

  void run(llvm::Function& function) {
    base_ = function.getArg(partition_.leading_params() - 1);
    collect(function);
    for (auto& [root, group] : groups_) {
      for (size_t i = 0; i < group.size(); ++i) {
        if (const Access* first = lowest(group, i)) {
          readdress(group[i], root, *first);
        }
      }
    }
  }

 private:
  void collect(llvm::Function& function) {
    unsigned segment = 0;
    llvm::ReversePostOrderTraversal<llvm::Function*> order(&function);
    for (llvm::BasicBlock* block : order) {
      ++segment;
      for (llvm::Instruction& in : *block) {
        if (llvm::isa<llvm::CallBase>(in) && !llvm::isa<llvm::IntrinsicInst>(in)) {
          ++segment;
        }
        Value* pointer = llvm::getLoadStorePointerOperand(&in);
        if (pointer == nullptr || !partition_.is_memory_access(in)) {
          continue;
        }
        if (auto address = parse(pointer)) {
          unsigned operand = llvm::isa<llvm::LoadInst>(in)
                                 ? llvm::LoadInst::getPointerOperandIndex()
                                 : llvm::StoreInst::getPointerOperandIndex();
          groups_[address->root].push_back(
              {&in, operand, address->added, address->offset, segment});
        }
      }
    }
  }

  // The access with the lowest address within reach that is certain to happen when group[i] does.
  const Access* lowest(const std::vector<Access>& group, size_t i) const {
    const Access& access = group[i];
    const Access* best = nullptr;
    uint32_t distance = 0;
    size_t begin = i < most_compared ? 0 : i - most_compared;
    size_t end = std::min(group.size(), i + most_compared);
    for (size_t j = begin; j < end; ++j) {
      uint32_t d = access.added - group[j].added;
      bool certain = group[j].segment == access.segment ||
                     dominators_.dominates(group[j].instruction, access.instruction);
      if (d > distance && d < reach_bytes && certain) {
        best = &group[j];
        distance = d;
      }
    }
    return best;
  }

  void readdress(const Access& access, Value* root, const Access& first) {
    llvm::IRBuilder<> b(access.instruction);
    Value* low = b.CreateAdd(root, b.getInt32(first.added));
    uint64_t offset = access.offset + (access.added - first.added);
    Value* index = b.CreateAdd(b.CreateZExt(low, b.getInt64Ty()), b.getInt64(offset), "",
                               /*HasNUW=*/true, /*HasNSW=*/true);
    access.instruction->setOperand(access.operand, b.CreateGEP(b.getInt8Ty(), base_, index));
  }

  const llvm::DominatorTree& dominators_;
  const Partition& partition_;
  Value* base_ = nullptr;
  llvm::MapVector<Value*, std::vector<Access>> groups_;
};

}  // namespace

void join_neighbours(llvm::Function& function, const llvm::DominatorTree& dominators,
                     const Partition& partition) {
  Neighbours(dominators, partition).run(function);
}

}  // namespace weft::engine

#include "engine/load_traps.h"

#include <llvm/ADT/DenseMap.h>
#include <llvm/ADT/SmallPtrSet.h>
#include <llvm/Analysis/InstructionSimplify.h>
#include <llvm/Analysis/PostDominators.h>
#include <llvm/IR/InlineAsm.h>
#include <llvm/IR/InstIterator.h>
#include <llvm/IR/IntrinsicInst.h>
#include <llvm/Transforms/Utils/Local.h>

#include <memory>

namespace weft::engine {

namespace {

using llvm::BasicBlock;
using llvm::CallBase;
using llvm::Instruction;
using llvm::Value;

// Values that depend on a load, at some point of a path. A block in it stands for a branch that
// depends on the load and whose ways meet there: the phis of the block will depend on it too.
using Dependents = llvm::SmallPtrSet<const Value*, 8>;

// Instructions that are looked at for one load; then it counts as not needed.
constexpr unsigned max_steps = 4000;

// Blocks that are looked at for one branch; then it counts as making no difference. Where thousands
// of branches stand in each other, each would walk through all that it holds.
constexpr unsigned max_region_blocks = 200;

// A call of anything but an instruction in disguise.
bool is_real_call(const Instruction& in) {
  const auto* call = llvm::dyn_cast<CallBase>(&in);
  return call != nullptr && !call->isInlineAsm() && !llvm::isa<llvm::IntrinsicInst>(call);
}

bool has_effect(const Instruction& in) {
  return is_real_call(in) || (in.mayHaveSideEffects() && !llvm::isa<llvm::AssumeInst>(in));
}

bool in_one_block_loop(const Instruction& in) {
  return llvm::is_contained(llvm::successors(in.getParent()), in.getParent());
}

// Does the optimiser turn `in`, of which this value is all that is used, into less than the value?
// Shifts and masks load fewer bytes then.
bool narrows(const Instruction& in) {
  if (in.getType()->isVectorTy()) {
    return false;
  }
  switch (in.getOpcode()) {
    case Instruction::Trunc:
      return true;
    case Instruction::And:
    case Instruction::LShr:
    case Instruction::AShr:
      return llvm::isa<llvm::Constant>(in.getOperand(1));
    default:
      return false;
  }
}

// The bytes of a vector that its users need, as far as lanes tell; all of a scalar.
llvm::APInt bytes_needed(const Value& value) {
  uint64_t size = value.getType()->getPrimitiveSizeInBits().getFixedValue() / 8;
  llvm::APInt needed(static_cast<unsigned>(size), 0);
  const auto* vector = llvm::dyn_cast<llvm::FixedVectorType>(value.getType());
  for (const llvm::Use& use : value.uses()) {
    const auto* shuffle = llvm::dyn_cast<llvm::ShuffleVectorInst>(use.getUser());
    const auto* extract = llvm::dyn_cast<llvm::ExtractElementInst>(use.getUser());
    const auto* index = extract == nullptr
                            ? nullptr
                            : llvm::dyn_cast<llvm::ConstantInt>(extract->getIndexOperand());
    if (vector != nullptr && (shuffle != nullptr || index != nullptr)) {
      auto lanes = static_cast<int>(vector->getNumElements());
      auto width = static_cast<unsigned>(size) / static_cast<unsigned>(lanes);
      int first = use.getOperandNo() == 0 ? 0 : lanes;
      std::vector<int> used;
      if (shuffle != nullptr) {
        used.assign(shuffle->getShuffleMask().begin(), shuffle->getShuffleMask().end());
      } else {
        used.push_back(static_cast<int>(index->getZExtValue()));
      }
      for (int lane : used) {
        if (lane >= first && lane < first + lanes) {
          unsigned at = static_cast<unsigned>(lane - first) * width;
          needed.setBits(at, at + width);
        }
      }
    } else if (llvm::isa<llvm::BitCastInst>(use.getUser())) {
      needed |= bytes_needed(*use.getUser());
    } else {
      needed.setAllBits();
    }
  }
  return needed;
}

class LoadTraps {
 public:
  LoadTraps(llvm::Module& module, const Partition& partition, LoadStage stage)
      : module_(module), partition_(partition), stage_(stage) {}

  void run() {
    for (llvm::Function& function : module_) {
      if (stage_ == LoadStage::lowered) {
        simplify(function);
      }
    }
    std::vector<Instruction*> found;
    for (llvm::Function& function : module_) {
      for (BasicBlock& block : function) {
        find(block, found);
      }
    }
    for (Instruction* in : found) {
      keep(*in);
    }
  }

 private:
  // Finds what is a matter of course now, so that it doesn't count as a use: x & 0, x - x.
  void simplify(llvm::Function& function) {
    llvm::SimplifyQuery query(module_.getDataLayout());
    for (BasicBlock& block : function) {
      for (Instruction& in : llvm::make_early_inc_range(block)) {
        if (Value* simple = llvm::simplifyInstruction(&in, query.getWithInstruction(&in))) {
          in.replaceAllUsesWith(simple);
          if (!llvm::isa<llvm::LoadInst>(in) && llvm::isInstructionTriviallyDead(&in)) {
            in.eraseFromParent();
          }
        }
      }
    }
  }

  // Loads of linear memory, and calls whose results are worth as much as the loads in the callee.
  bool matters(const Instruction& in) const {
    if (const auto* load = llvm::dyn_cast<llvm::LoadInst>(&in)) {
      return load->isSimple() &&
             (stage_ == LoadStage::lowered ? partition_.is_memory_access(*load)
                                           : !partition_.is_instance_access(*load));
    }
    return stage_ == LoadStage::lowered && callee_here(in) != nullptr && !in.getType()->isVoidTy();
  }

  static const llvm::Function* callee_here(const Instruction& in) {
    if (!is_real_call(in)) {
      return nullptr;
    }
    const llvm::Function* callee = llvm::cast<CallBase>(in).getCalledFunction();
    return callee == nullptr || callee->isDeclaration() ? nullptr : callee;
  }

  // One walk backwards through the block settles most; only what is not needed within the block
  // takes a walk of its own.
  void find(BasicBlock& block, std::vector<Instruction*>& found) {
    Dependents needed;  // values on which something depends that comes before the next call
    for (Instruction& in : llvm::reverse(block)) {
      if (llvm::isa<llvm::PHINode>(in)) {
        break;
      }
      bool is_needed = needed.contains(&in);
      if (matters(in) && (!wholly_needed(in) || (!is_needed && !needed_after(in)))) {
        found.push_back(&in);
      }
      if (is_real_call(in)) {
        needed.clear();
      }
      for (const llvm::Use& use : in.operands()) {
        if (stays(use) || (is_needed && passes_on(use))) {
          needed.insert(use.get());
        }
      }
    }
  }

  // Of the program's vectors, too, LLVM loads no more than the lanes in use.
  bool wholly_needed(const Instruction& in) const {
    return stage_ == LoadStage::optimised || !in.getType()->isVectorTy() ||
           bytes_needed(in).isAllOnes();
  }

  bool needed_after(const Instruction& in) {
    if (in.use_empty()) {
      return false;
    }
    Dependents dependents;
    dependents.insert(&in);
    return needed_on_all_paths(in.getNextNode(), std::move(dependents));
  }

  // Is the operand there for an effect of its instruction?
  bool stays(const llvm::Use& use) {
    const auto& in = *llvm::cast<Instruction>(use.getUser());
    if (in.isTerminator()) {
      return llvm::isa<llvm::ReturnInst>(in) || (!llvm::isa<BasicBlock>(use.get()) && decides(in));
    }
    if (const llvm::Function* callee = callee_here(in);
        callee != nullptr && stage_ == LoadStage::lowered) {
      const auto& call = llvm::cast<CallBase>(in);
      return call.isArgOperand(&use) &&
             parameter_needed(*callee->getArg(call.getArgOperandNo(&use)));
    }
    return has_effect(in);
  }

  // Does the value of the operand's instruction depend on the operand, whatever the others are?
  bool passes_on(const llvm::Use& use) const {
    const auto& in = *llvm::cast<Instruction>(use.getUser());
    if (const auto* select = llvm::dyn_cast<llvm::SelectInst>(&in)) {
      if (use.getOperandNo() == 0 || select->getCondition()->getType()->isVectorTy()) {
        return true;
      }
      // Elsewhere it may become a branch. Here that would keep the loop from being vectorised.
      return stage_ == LoadStage::lowered && in_one_block_loop(in);
    }
    return !llvm::isa<llvm::PHINode>(in) && !is_real_call(in) && !llvm::isa<llvm::AssumeInst>(in) &&
           (stage_ == LoadStage::lowered || !narrows(in));
  }

  bool parameter_needed(const llvm::Argument& parameter) {
    auto [known, fresh] = parameters_.try_emplace(&parameter, false);
    if (!fresh) {
      return known->second;
    }
    Dependents dependents;
    dependents.insert(&parameter);
    bool needed =
        needed_on_all_paths(&parameter.getParent()->getEntryBlock().front(), std::move(dependents));
    parameters_[&parameter] = needed;
    return needed;
  }

  struct Path {
    const Instruction* at;
    Dependents dependents;
  };
  enum class Walk : uint8_t { needed, lost, goes_on };

  bool needed_on_all_paths(const Instruction* from, Dependents dependents) {
    std::vector<Path> paths;
    paths.push_back({from, std::move(dependents)});
    llvm::DenseMap<const BasicBlock*, std::vector<Dependents>> seen;
    unsigned steps = 0;
    while (!paths.empty()) {
      Path path = std::move(paths.back());
      paths.pop_back();
      const BasicBlock* block = path.at->getParent();
      Walk walk = walk_block(path, steps);
      if (walk == Walk::needed) {
        continue;
      }
      if (walk == Walk::lost || llvm::succ_empty(block)) {
        return false;
      }
      for (const BasicBlock* next : llvm::successors(block)) {
        Dependents there = across(*block, *next, path.dependents);
        if (there.empty()) {
          return false;
        }
        auto& before = seen[next];
        bool known = llvm::any_of(before, [&](const Dependents& old) {
          return llvm::all_of(old, [&](const Value* value) { return there.contains(value); });
        });
        if (!known) {
          before.push_back(there);
          paths.push_back({&*next->getFirstNonPHIIt(), std::move(there)});
        }
      }
    }
    return true;
  }

  // Follows the path to its block's end, or to where it is clear that the value is needed, or lost.
  Walk walk_block(Path& path, unsigned& steps) {
    Dependents& dependents = path.dependents;
    const BasicBlock* block = path.at->getParent();
    for (auto it = path.at->getIterator(); it != block->end(); ++it) {
      const Instruction& in = *it;
      if (++steps > max_steps) {
        return Walk::lost;
      }
      bool depends = false;
      bool branches = false;
      for (const llvm::Use& use : in.operands()) {
        if (!dependents.contains(use.get()) || llvm::isa<BasicBlock>(use.get())) {
          continue;
        }
        if (stays(use)) {
          return Walk::needed;
        }
        branches |= in.isTerminator();
        depends |= passes_on(use);
      }
      if (is_real_call(in)) {
        return Walk::lost;
      }
      if (branches) {
        dependents.insert(meeting_point(*block));
      } else if (depends) {
        dependents.insert(&in);
      } else {
        dependents.erase(&in);
      }
    }
    return Walk::goes_on;
  }

  static Dependents across(const BasicBlock& from, const BasicBlock& to, const Dependents& before) {
    Dependents after = before;
    bool ways_meet = after.erase(&to);
    for (const llvm::PHINode& phi : to.phis()) {
      const Value* incoming = phi.getIncomingValueForBlock(&from);
      if (before.contains(incoming) || (ways_meet && phi.hasConstantValue() == nullptr)) {
        after.insert(&phi);
      } else {
        after.erase(&phi);
      }
    }
    return after;
  }

  // Does it make a difference which way this branch goes, other than to phis where the ways meet?
  bool decides(const Instruction& branch) {
    if (branch.getNumSuccessors() < 2) {
      return false;
    }
    auto [known, fresh] = decisive_.try_emplace(&branch, true);
    if (!fresh) {
      return known->second;
    }
    bool result = makes_a_difference(branch);
    decisive_[&branch] = result;
    return result;
  }

  bool makes_a_difference(const Instruction& branch) {
    const BasicBlock* end = meeting_point(*branch.getParent());
    if (end == nullptr) {
      return true;
    }
    llvm::SmallPtrSet<const BasicBlock*, 16> region;
    std::vector<const BasicBlock*> work{branch.getParent()};
    while (!work.empty()) {
      const BasicBlock* block = work.back();
      work.pop_back();
      for (const BasicBlock* next : llvm::successors(block)) {
        if (next == end || !region.insert(next).second) {
          continue;
        }
        if (next == branch.getParent() || llvm::any_of(*next, has_effect)) {
          return true;
        }
        if (region.size() > max_region_blocks) {
          return false;
        }
        work.push_back(next);
      }
    }
    return false;
  }

  // Where all ways from the block's end come together; null when they don't.
  const BasicBlock* meeting_point(const BasicBlock& block) {
    auto& function = const_cast<llvm::Function&>(*block.getParent());
    auto& tree = trees_[&function];
    if (tree == nullptr) {
      tree = std::make_unique<llvm::PostDominatorTree>(function);
    }
    const auto* node = tree->getNode(&block);
    return node == nullptr || node->getIDom() == nullptr ? nullptr : node->getIDom()->getBlock();
  }

  void keep(Instruction& in) const {
    auto* load = llvm::dyn_cast<llvm::LoadInst>(&in);
    bool narrowed = llvm::all_of(
        in.users(), [](const llvm::User* user) { return narrows(*llvm::cast<Instruction>(user)); });
    bool vector = in.getType()->isVectorTy();
    if (load != nullptr && (narrowed || vector)) {
      load->setVolatile(true);  // all that is dead, too
      return;
    }
    read(in);
  }

  // An empty piece of assembly that has the value as its operand.
  void read(Instruction& in) const {
    Instruction* value = &in;
    if (in.hasOneUse()) {  // a wider register spares the extension
      auto* user = llvm::cast<Instruction>(*in.user_begin());
      if (llvm::isa<llvm::ZExtInst, llvm::SExtInst>(user) && user->getParent() == in.getParent() &&
          in.getNextNode() == user) {
        value = user;
      }
    }
    llvm::Type* type = value->getType();
    auto* form = llvm::FunctionType::get(llvm::Type::getVoidTy(in.getContext()), {type}, false);
    const char* where = type->isIntOrPtrTy() ? "r" : "x";
    auto* call = llvm::CallInst::Create(
        form, llvm::InlineAsm::get(form, "", where, /*hasSideEffects=*/true), {value});
    call->insertAfter(value);
    call->setDebugLoc(in.getDebugLoc());
    call->setDoesNotThrow();
    call->addFnAttr(llvm::Attribute::WillReturn);
    call->setMemoryEffects(llvm::MemoryEffects::inaccessibleMemOnly(llvm::ModRefInfo::Mod));
  }

  llvm::Module& module_;
  const Partition& partition_;
  LoadStage stage_;
  llvm::DenseMap<const llvm::Argument*, bool> parameters_;
  llvm::DenseMap<const Instruction*, bool> decisive_;
  llvm::DenseMap<const llvm::Function*, std::unique_ptr<llvm::PostDominatorTree>> trees_;
};

}  // namespace

void keep_load_traps(llvm::Module& module, const Partition& partition, LoadStage stage) {
  LoadTraps(module, partition, stage).run();
}

}  // namespace weft::engine

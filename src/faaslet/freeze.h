// Freezing a faaslet in the middle of a call, and going on with it in another process.
//
//     faaslet that is not in step() ──► freeze() ──► file ──► Frozen::open ──► thaw() ──► ready,
//     step()
//
// The faaslet goes on here too if nobody ends it: whoever moves it ends it. After thaw() it is
// ready: a host call that waited is made again at once, finds out itself whether it still has to
// wait, and for what in this process.
//
// Thread safety: as the faaslet's.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "faaslet/faaslet.h"
#include "slot/dirty_pages.h"
#include "snapshot/frozen.h"

namespace weft::faaslet {

// Errors: invalid (it has ended), unsupported (an import module
// holds something that cannot be frozen), io.
Result<snapshot::FreezeCost> freeze(const Faaslet& faaslet, const std::string& path,
                                    const slot::DirtyPages& dirty,
                                    const snapshot::FreezeOptions& options = {});
// Into a file that is open, from which no guest is mapped (snapshot::write_frozen).
Result<snapshot::FreezeCost> freeze(const Faaslet& faaslet, int fd, const slot::DirtyPages& dirty,
                                    const snapshot::FreezeOptions& options = {});

// `imports` makes the same import modules in the same order as where it was frozen; they take over
// what they wrote then. `code` is the program's if this process has it; null: what the file embeds.
// A `memory`, of a program with threads, gets what the frozen one held.
// Errors: those of Frozen, and of the import modules.
Result<std::unique_ptr<Faaslet>> thaw(const snapshot::Frozen& frozen, slot::SlotPool& pool,
                                      const ImportFactory& imports,
                                      std::shared_ptr<const engine::CodeFile> code = nullptr,
                                      std::shared_ptr<instance::LinearMemory> memory = nullptr);

// What a faaslet is beside its slot: its place in the call, and what each import module takes
// along.
Result<std::vector<std::string>> rest_of(const Faaslet& faaslet);
// Onto a faaslet that was adopted over the same pages; it is ready then.
[[nodiscard]] Result<void> give_rest(Faaslet& faaslet, const std::vector<std::string>& rest);

// The first part of that: its place in the call.
Result<std::string> place_of(const Faaslet& faaslet);
[[nodiscard]] Result<void> give_place(Faaslet& faaslet, std::string_view bytes);

// Where its stack stands.
snapshot::Stand stand_of(const Faaslet::Position& position);

}  // namespace weft::faaslet

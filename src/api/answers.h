// What the API says, as JSON and as problems (RFC 9457). Thread safety: functions.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "call/call.h"
#include "catalog/catalog.h"
#include "net/message.h"
#include "node/task.h"

namespace weft::api {

using nlohmann::json;

// "2026-11-24T17:05:13.000042Z" (RFC 3339).
std::string time_text(WallTime time);

net::Response json_response(unsigned status, const json& content);
// The problem that an Error is: its kind decides about type and status.
net::Response problem_of(const Error& error);
net::Response problem(unsigned status, std::string_view type, std::string_view detail);
// With members of its own beside RFC 9457's.
net::Response problem(unsigned status, std::string_view type, std::string_view detail,
                      const json& members);

json version_json(const catalog::Version& version);
json function_json(const catalog::Entry& entry);
json call_json(const call::Call& call);
// Of lines "FUNCTION+0xOFFSET" (node/async_calls.h).
std::vector<faaslet::TraceFrame> frames_of(std::string_view text);

// Of a call that was waited for, with its output: 200, or the problem that it ended with.
net::Response reply_response(std::string_view id, node::Reply reply);

// Bytes that are no UTF-8 cannot stand in JSON.
bool is_utf8(std::string_view text);
std::string base64(std::string_view bytes);

}  // namespace weft::api

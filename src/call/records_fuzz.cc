// Any bytes are a record of the ledger: refused, or decoded to what encodes to the same bytes, and
// never more is read than there is.
#include "call/records.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace weft::call;
  if (size == 0) {
    return 0;
  }
  std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0] % 8) {
    case 0:
      if (auto common = decode_common(bytes)) {
        CHECK(decode_common(encode_common(*common))->count == common->count);
      }
      break;
    case 1:
      if (auto accepted = decode_accepted(bytes)) {
        CHECK(accepted->input.size() <= bytes.size());
      }
      break;
    case 2:
      if (auto begun = decode_begun(bytes)) {
        CHECK(encode_begun(*begun) == bytes);
      }
      break;
    case 3:
      if (auto ended = decode_ended(bytes)) {
        std::string encoded = encode_ended(*ended);
        auto again = decode_ended(encoded);
        CHECK(again && again->message == ended->message && again->output == ended->output);
      }
      break;
    case 4:
      if (auto key = decode_idempotency(bytes)) {
        CHECK(encode_idempotency(*key) == bytes);
      }
      break;
    case 5: {
      std::vector<std::string> arguments;
      std::vector<std::string> environment;
      (void)!decode_lists(bytes, arguments, environment);
      break;
    }
    case 6:
      (void)!id_of_key(bytes);
      (void)!number_of_key(bytes);
      (void)!decode_number(bytes);
      break;
    default:
      if (auto id = CallId::parse(bytes)) {
        CHECK(CallId::parse(id->text()).value() == *id);
      }
  }
  return 0;
}

#include <foldstream/stream_hub.hpp>
namespace foldstream {
Record Codec<Stream>::encode(const Stream&) { return {}; }
Stream Codec<Stream>::decode(const Record&) { return {}; }
Key stream_id(const Key& task, const std::string& port) { return key_of(to_string(task) + "#" + port); }
class StreamHub::Impl {};
StreamHub::StreamHub(std::shared_ptr<Store>, StreamHubOptions) {}
StreamHub::~StreamHub() = default;
std::unique_ptr<StreamHub::Tap> StreamHub::tap(const Key&, std::int64_t, std::function<void()>) { return {}; }
void StreamHub::find_elsewhere(Elsewhere) {}
std::optional<StreamType> StreamHub::type_of(const Key&) const { return {}; }
}

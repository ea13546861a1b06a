#include "restricted_pickle.hpp"

#include <foldstream/error.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <string_view>
#include <unordered_map>

namespace foldstream::io {
namespace {

using Is = Pickled::Is;

struct StorageName {
  std::string_view name;
  DType dtype;
};

constexpr std::array<StorageName, 10> storages = {{{"torch.FloatStorage", DType::f32},
                                                   {"torch.DoubleStorage", DType::f64},
                                                   {"torch.HalfStorage", DType::f16},
                                                   {"torch.BFloat16Storage", DType::bf16},
                                                   {"torch.LongStorage", DType::i64},
                                                   {"torch.IntStorage", DType::i32},
                                                   {"torch.ShortStorage", DType::i16},
                                                   {"torch.CharStorage", DType::i8},
                                                   {"torch.ByteStorage", DType::u8},
                                                   {"torch.BoolStorage", DType::u8}}};

constexpr std::array<std::string_view, 4> makers = {
    "torch._utils._rebuild_tensor_v2", "torch._utils._rebuild_parameter", "collections.OrderedDict",
    "torch.Size"};

/// Settings that lie beside weights; nothing of them is kept.
constexpr std::array<std::string_view, 18> settings = {
    "argparse.Namespace", "omegaconf.dictconfig.DictConfig", "omegaconf.listconfig.ListConfig",
    "omegaconf.base.ContainerMetadata", "omegaconf.base.Metadata", "omegaconf.nodes.AnyNode",
    "omegaconf.nodes.IntegerNode", "omegaconf.nodes.FloatNode", "omegaconf.nodes.StringNode",
    "omegaconf.nodes.BooleanNode", "collections.defaultdict", "typing.Any", "torch.device",
    "builtins.dict", "__builtin__.dict", "builtins.list", "__builtin__.list", "pathlib.PosixPath"};

template <class List>
bool holds(const List& list, std::string_view name) {
  return std::ranges::find(list, name) != list.end();
}

const StorageName* storage_named(std::string_view name) {
  const auto found = std::ranges::find(storages, name, &StorageName::name);
  return found == storages.end() ? nullptr : &*found;
}

/// The machine of a pickle: a stack, marks on it, and a memo.
class Reader {
 public:
  Reader(std::span<const std::byte> bytes, const std::string& file) : bytes_(bytes), file_(file) {}

  PickleTree run() {
    while (true) {
      const auto code = number<std::uint8_t>();
      if (code == '.') break;
      step(code);
    }
    tree_.root = pop();
    return std::move(tree_);
  }

 private:
  [[noreturn]] void damaged(const std::string& what) const {
    throw Error(ErrorKind::Parse, file_ + ": its pickle " + what +
                                      ". The file is damaged; copy or make it again.");
  }
  [[noreturn]] void refuse(const std::string& what) const {
    throw Error(ErrorKind::Unsupported,
                file_ + ": " + what +
                    ", which is no tensor and no plain data: refused, nothing was executed. Save the "
                    "weights as safetensors, or as a state_dict alone.");
  }

  // what is read

  template <class T>
  T number() {
    T value;
    std::memcpy(&value, take(sizeof(T)).data(), sizeof(T));  // little-endian, as this machine
    return value;
  }
  std::span<const std::byte> take(std::uint64_t count) {
    if (count > bytes_.size() - at_) damaged("is cut short");
    const auto taken = bytes_.subspan(at_, static_cast<std::size_t>(count));
    at_ += static_cast<std::size_t>(count);
    return taken;
  }
  std::string text(std::uint64_t count) {
    const auto raw = take(count);
    return {reinterpret_cast<const char*>(raw.data()), raw.size()};
  }
  std::string line() {
    std::string found;
    for (char c = 0; (c = static_cast<char>(number<std::uint8_t>())) != '\n';) found += c;
    return found;
  }

  // the stack

  PickledRef make(Is is) {
    tree_.nodes.emplace_back().is = is;
    return &tree_.nodes.back();
  }
  void push(PickledRef value) { stack_.push_back(value); }
  void push_text(std::string text) {
    push(make(Is::text));
    stack_.back()->text = std::move(text);
  }
  void push_integer(std::int64_t value, Is is = Is::integer) {
    push(make(is));
    stack_.back()->integer = value;
  }
  PickledRef& top() {
    if (stack_.empty() || stack_.back()->is == Is::mark) damaged("takes from an empty stack");
    return stack_.back();
  }
  PickledRef pop() {
    PickledRef value = top();
    stack_.pop_back();
    return value;
  }
  std::vector<PickledRef> pop_to_mark() {
    const auto mark = std::find_if(stack_.rbegin(), stack_.rend(),
                                   [](const Pickled* one) { return one->is == Is::mark; });
    if (mark == stack_.rend()) damaged("lacks a mark");
    std::vector<PickledRef> items(mark.base(), stack_.end());
    stack_.erase(mark.base() - 1, stack_.end());
    return items;
  }
  void push_tuple(std::size_t count) {
    PickledRef tuple = make(Is::tuple);
    for (std::size_t i = 0; i < count; ++i) tuple->items.insert(tuple->items.begin(), pop());
    push(tuple);
  }
  void remember(std::uint64_t number) { memo_[number] = top(); }
  void recall(std::uint64_t number) {
    const auto found = memo_.find(number);
    if (found == memo_.end()) damaged("recalls what it never kept");
    push(found->second);
  }

  // what is made

  void push_global(const std::string& name) {
    const bool is_dtype = name.starts_with("torch.") &&
                          (name.starts_with("torch.float") || name.starts_with("torch.int") ||
                           name.starts_with("torch.bfloat16") || name == "torch.bool");
    if (storage_named(name) == nullptr && !holds(makers, name) && !holds(settings, name) && !is_dtype)
      refuse("its pickle asks for '" + name + "'");
    push(make(Is::global));
    stack_.back()->text = name;
  }
  void add_items(std::vector<PickledRef> items, Is is) {
    Pickled* target = top();
    if (target->is == Is::inert) return;
    if (target->is != is || (is == Is::dict && items.size() % 2 != 0))
      damaged("adds items to something else");
    target->items.insert(target->items.end(), items.begin(), items.end());
  }
  void push_storage() {
    const Pickled* id = pop();
    if (id->is != Is::tuple || id->items.size() < 5 || id->items[0]->text != "storage" ||
        id->items[1]->is != Is::global || id->items[2]->is != Is::text ||
        id->items[4]->is != Is::integer || id->items[4]->integer < 0)
      damaged("names a storage in an unknown way");
    const StorageName* known = storage_named(id->items[1]->text);
    if (known == nullptr) refuse("its pickle has a storage of '" + id->items[1]->text + "'");
    PickledRef storage = make(Is::storage);
    storage->dtype = known->dtype;
    storage->text = id->items[2]->text;
    storage->count = id->items[4]->integer;
    push(storage);
  }
  Shape numbers_of(const Pickled* tuple) const {
    if (tuple->is != Is::tuple) damaged("has a tensor without a shape");
    Shape numbers;
    for (const Pickled* item : tuple->items) {
      if (item->is != Is::integer || item->integer < 0)
        damaged("has a tensor of a negative shape or stride");
      numbers.push_back(item->integer);
    }
    return numbers;
  }
  PickledRef tensor_of(const std::vector<PickledRef>& arguments) {
    if (arguments.size() < 4 || arguments[0]->is != Is::storage ||
        arguments[1]->is != Is::integer || arguments[1]->integer < 0)
      damaged("makes a tensor in an unknown way");
    PickledRef tensor = make(Is::tensor);
    tensor->text = arguments[0]->text;
    tensor->dtype = arguments[0]->dtype;
    tensor->count = arguments[0]->count;
    tensor->offset = arguments[1]->integer;
    tensor->shape = numbers_of(arguments[2]);
    tensor->strides = numbers_of(arguments[3]);
    if (tensor->shape.size() != tensor->strides.size())
      damaged("has a tensor with more strides than axes");
    return tensor;
  }
  /// A call: of the few things that make data.
  void reduce() {
    Pickled *const arguments = pop(), *const made_by = pop();
    if (made_by->is != Is::global || arguments->is != Is::tuple)
      damaged("calls something that is no function");
    const std::string& name = made_by->text;
    if (name == "torch._utils._rebuild_tensor_v2") return push(tensor_of(arguments->items));
    if (name == "torch._utils._rebuild_parameter" && !arguments->items.empty() &&
        arguments->items[0]->is == Is::tensor)
      return push(arguments->items[0]);
    if (name == "torch.Size" && arguments->items.size() == 1) return push(arguments->items[0]);
    if (name == "collections.OrderedDict" && arguments->items.empty()) return push(make(Is::dict));
    if (holds(settings, name)) return push(make(Is::inert));
    damaged("calls '" + name + "' in an unknown way");
  }
  void make_object() {
    pop();  // the arguments
    const Pickled* made_by = pop();
    if (made_by->is != Is::global || !holds(settings, made_by->text))
      refuse("its pickle makes an object of '" + made_by->text + "'");
    push(make(Is::inert));
  }
  /// Attributes of settings and of state dictionaries ("_metadata") are dropped.
  void build() {
    pop();
    if (top()->is != Is::inert && top()->is != Is::dict)
      damaged("sets attributes of plain data");
  }
  void push_long(std::uint64_t count) {
    const auto raw = take(count);
    if (raw.size() > 8) damaged("has a number of more than 64 bits");
    std::uint64_t value = !raw.empty() && (raw.back() & std::byte{0x80}) != std::byte{0}
                              ? ~std::uint64_t{0}
                              : 0;
    for (std::size_t i = raw.size(); i-- > 0;)
      value = value << 8U | std::to_integer<std::uint64_t>(raw[i]);
    push_integer(static_cast<std::int64_t>(value));
  }
  void push_float() {
    auto bits = number<std::uint64_t>();  // big-endian
    std::uint64_t turned = 0;
    for (int i = 0; i < 8; ++i, bits >>= 8U) turned = turned << 8U | (bits & 0xffU);
    push(make(Is::number));
    stack_.back()->number = std::bit_cast<double>(turned);
  }
  void push_stack_global() {
    const Pickled *const name = pop(), *const module = pop();
    if (name->is != Is::text || module->is != Is::text) damaged("names a global that is no text");
    push_global(module->text + "." + name->text);
  }

  void step(std::uint8_t code) {
    switch (code) {
      case 0x80: number<std::uint8_t>(); return;              // protocol
      case 0x95: number<std::uint64_t>(); return;             // frame
      case '(': return push(make(Is::mark));
      case '0': pop(); return;
      case 'N': return push(make(Is::none));
      case 0x88: return push_integer(1, Is::boolean);
      case 0x89: return push_integer(0, Is::boolean);
      case 'J': return push_integer(number<std::int32_t>());
      case 'K': return push_integer(number<std::uint8_t>());
      case 'M': return push_integer(number<std::uint16_t>());
      case 0x8a: return push_long(number<std::uint8_t>());
      case 'G': return push_float();
      case 'X': return push_text(text(number<std::uint32_t>()));
      case 0x8c: return push_text(text(number<std::uint8_t>()));
      case 0x8d: return push_text(text(number<std::uint64_t>()));
      case 'U': return push_text(text(number<std::uint8_t>()));  // byte strings
      case 'T': return push_text(text(number<std::uint32_t>()));
      default: return step_containers(code);
    }
  }
  void step_containers(std::uint8_t code) {
    switch (code) {
      case '}': return push(make(Is::dict));
      case ']': return push(make(Is::list));
      case ')': return push(make(Is::tuple));
      case 0x85: return push_tuple(1);
      case 0x86: return push_tuple(2);
      case 0x87: return push_tuple(3);
      case 't': {
        auto items = pop_to_mark();
        push(make(Is::tuple));
        stack_.back()->items = std::move(items);
        return;
      }
      case 's': {
        Pickled *const value = pop(), *const key = pop();
        return add_items({key, value}, Is::dict);
      }
      case 'u': return add_items(pop_to_mark(), Is::dict);
      case 'a': return add_items({pop()}, Is::list);
      case 'e': return add_items(pop_to_mark(), Is::list);
      case 'q': return remember(number<std::uint8_t>());
      case 'r': return remember(number<std::uint32_t>());
      case 0x94: return remember(memo_.size());
      case 'h': return recall(number<std::uint8_t>());
      case 'j': return recall(number<std::uint32_t>());
      default: return step_objects(code);
    }
  }
  void step_objects(std::uint8_t code) {
    switch (code) {
      case 'c': {
        const std::string module = line();
        return push_global(module + "." + line());
      }
      case 0x93: return push_stack_global();
      case 'Q': return push_storage();
      case 'R': return reduce();
      case 0x81: return make_object();
      case 'b': return build();
      default: refuse("its pickle has the opcode " + std::to_string(code));
    }
  }

  std::span<const std::byte> bytes_;
  const std::string& file_;
  std::size_t at_ = 0;
  PickleTree tree_;
  std::vector<PickledRef> stack_;
  std::unordered_map<std::uint64_t, PickledRef> memo_;
};

}  // namespace

PickleTree read_restricted_pickle(std::span<const std::byte> bytes, const std::string& file) {
  return Reader(bytes, file).run();
}

}  // namespace foldstream::io

// HDF5: one checked function a C call.
#pragma once

#include "handle.hpp"

#include <foldstream/tensor.hpp>

#include <memory>
#include <string>
#include <vector>

namespace foldstream::io::hdf5 {

// ---- property lists -----------------------------------------------------------------------------

inline Handle make_properties(hid_t kind) {
  return {check(H5Pcreate(kind), "make", "property list"), H5Pclose};
}

/// Plain POSIX files in the format of HDF5 1.8 (its superblock has no "open for writing" mark that
/// a killed process would leave behind), and no locks: each file has one writer by construction.
inline Handle file_access() {
  Handle list = make_properties(H5P_FILE_ACCESS);
  check(H5Pset_fapl_sec2(list.id()), "choose", "sec2 driver");
  check(H5Pset_libver_bounds(list.id(), H5F_LIBVER_V18, H5F_LIBVER_LATEST), "set", "format");
#if H5_VERSION_GE(1, 10, 7) && !(H5_VERS_MAJOR == 1 && H5_VERS_MINOR == 12 && H5_VERS_RELEASE == 0)
  check(H5Pset_file_locking(list.id(), false, true), "set", "file locking");
#endif
  return list;
}

/// Small index nodes: a tensor mostly has one chunk, and the default node takes 2 KiB.
inline Handle file_creation() {
  Handle list = make_properties(H5P_FILE_CREATE);
  check(H5Pset_istore_k(list.id(), 8), "set", "index node size");
  return list;
}

/// Links have UTF-8 names, and the groups on their path are made.
inline Handle link_creation() {
  Handle list = make_properties(H5P_LINK_CREATE);
  check(H5Pset_char_encoding(list.id(), H5T_CSET_UTF8), "set", "link encoding");
  check(H5Pset_create_intermediate_group(list.id(), 1), "set", "intermediate groups");
  return list;
}

/// Attributes have UTF-8 names.
inline Handle attribute_creation() {
  Handle list = make_properties(H5P_ATTRIBUTE_CREATE);
  check(H5Pset_char_encoding(list.id(), H5T_CSET_UTF8), "set", "attribute encoding");
  return list;
}

/// Chunks, whose shape is still to be set, are not filled beforehand.
inline Handle chunked_creation() {
  Handle list = make_properties(H5P_DATASET_CREATE);
  check(H5Pset_fill_time(list.id(), H5D_FILL_TIME_NEVER), "set", "fill time");
  return list;
}

/// Variable-length UTF-8 text.
inline Handle text_type() {
  Handle type(check(H5Tcopy(H5T_C_S1), "make", "text type"), H5Tclose);
  check(H5Tset_size(type.id(), H5T_VARIABLE), "set", "text type");
  check(H5Tset_cset(type.id(), H5T_CSET_UTF8), "set", "text type");
  return type;
}

/// What making objects needs again and again: to make it takes longer than to use it.
struct Makings {
  Handle link = link_creation();
  Handle attribute = attribute_creation();
  Handle chunked = chunked_creation();
  Handle text = text_type();
};

/// The makings that someone holds, or new ones. Held by each OutputFile; to be let go under a Lock.
inline std::shared_ptr<Makings> makings() {
  static std::weak_ptr<Makings> held;
  std::shared_ptr<Makings> made = held.lock();
  if (!made) held = made = std::make_shared<Makings>();
  return made;
}

// ---- files --------------------------------------------------------------------------------------

/// H5Fopen for reading.
inline Handle open_file(const std::string& path) {
  const Handle access = file_access();
  return {check(H5Fopen(path.c_str(), H5F_ACC_RDONLY, access.id()), "open", path), H5Fclose};
}

/// H5Fflush: everything is with the operating system afterwards, not yet on the disk.
inline void flush(const Handle& file, std::string_view name) {
  check(H5Fflush(file.id(), H5F_SCOPE_GLOBAL), "flush", name);
}

// ---- groups and links ---------------------------------------------------------------------------

/// H5Gcreate2 with the groups on the path.
inline Handle create_group(const Handle& parent, const std::string& path) {
  return {check(H5Gcreate2(parent.id(), path.c_str(), makings()->link.id(), H5P_DEFAULT,
                           H5P_DEFAULT),
                "create group", path),
          H5Gclose};
}

/// H5Gopen2.
inline Handle open_group(const Handle& parent, const std::string& path) {
  return {check(H5Gopen2(parent.id(), path.c_str(), H5P_DEFAULT), "open group", path), H5Gclose};
}

/// H5Lcreate_external: `path` becomes a link to `object` in `file` (relative to this file's
/// folder).
inline void create_external_link(const Handle& parent, const std::string& path,
                                 const std::string& file, const std::string& object) {
  check(H5Lcreate_external(file.c_str(), object.c_str(), parent.id(), path.c_str(),
                           makings()->link.id(), H5P_DEFAULT),
        "link", path);
}

// ---- types and spaces ---------------------------------------------------------------------------

/// The file type of a dtype; f16 and bf16 are kept as their 16 bits. Owned by HDF5.
inline hid_t stored_type(DType dtype) {
  switch (dtype) {
    case DType::u8:
      return H5T_STD_U8LE;
    case DType::i8:
      return H5T_STD_I8LE;
    case DType::i16:
      return H5T_STD_I16LE;
    case DType::i32:
      return H5T_STD_I32LE;
    case DType::i64:
      return H5T_STD_I64LE;
    case DType::f16:
    case DType::bf16:
      return H5T_STD_U16LE;
    case DType::f32:
      return H5T_IEEE_F32LE;
    case DType::f64:
      return H5T_IEEE_F64LE;
  }
  throw Error(ErrorKind::Internal, "dtype without a type in HDF5");
}

/// H5Tcreate + H5Tinsert: a compound of `size` bytes with these members (name, offset, type).
struct Member {
  const char* name;
  std::size_t offset;
  hid_t type;
};
inline Handle compound_type(std::size_t size, const std::vector<Member>& members) {
  Handle type(check(H5Tcreate(H5T_COMPOUND, size), "make", "compound type"), H5Tclose);
  for (const Member& member : members) {
    check(H5Tinsert(type.id(), member.name, member.offset, member.type), "add", member.name);
  }
  return type;
}

using Extent = std::vector<hsize_t>;

inline Extent extent(const Shape& shape) { return {shape.begin(), shape.end()}; }

/// H5Screate; rank 0 gives a scalar. `grows`: the first axis may be extended later.
inline Handle make_space(const Shape& shape, bool grows = false) {
  if (shape.empty()) return {check(H5Screate(H5S_SCALAR), "make", "scalar space"), H5Sclose};
  const Extent now = extent(shape);
  Extent most = now;
  if (grows) most[0] = H5S_UNLIMITED;
  return {check(H5Screate_simple(static_cast<int>(now.size()), now.data(), most.data()), "make",
                "space"),
          H5Sclose};
}

// ---- datasets -----------------------------------------------------------------------------------

/// H5Dcreate2, in chunks of shape `chunk`, or in one piece if `chunk` is empty. Chunks are not
/// filled beforehand: whoever makes the dataset writes them.
inline Handle create_dataset(const Handle& parent, const std::string& path, hid_t type,
                             const Shape& shape, const Shape& chunk) {
  const std::shared_ptr<Makings> made = makings();
  if (!chunk.empty()) {
    const Extent dims = extent(chunk);
    check(H5Pset_chunk(made->chunked.id(), static_cast<int>(dims.size()), dims.data()), "chunk",
          path);
  }
  const hid_t creation = chunk.empty() ? H5P_DEFAULT : made->chunked.id();
  const Handle space = make_space(shape, !chunk.empty());
  return {check(H5Dcreate2(parent.id(), path.c_str(), type, space.id(), made->link.id(), creation,
                           H5P_DEFAULT),
                "create dataset", path),
          H5Dclose};
}

inline Handle open_dataset(const Handle& parent, const std::string& path) {
  return {check(H5Dopen2(parent.id(), path.c_str(), H5P_DEFAULT), "open dataset", path), H5Dclose};
}

/// H5Dwrite_chunk: the bytes of one whole chunk, past the chunk cache.
inline void write_chunk(const Handle& dataset, const Shape& at, const void* data, std::size_t bytes,
                        std::string_view name) {
  check(H5Dwrite_chunk(dataset.id(), H5P_DEFAULT, 0, extent(at).data(), bytes, data),
        "write a chunk of", name);
}

/// H5Dread_chunk: the bytes of one whole chunk as they are in the file.
inline void read_chunk(const Handle& dataset, const Shape& at, void* data, std::string_view name) {
  std::uint32_t mask = 0;
  check(H5Dread_chunk(dataset.id(), H5P_DEFAULT, extent(at).data(), &mask, data), "read", name);
}

/// H5Dwrite of everything.
inline void write_dataset(const Handle& dataset, hid_t type, const void* data,
                          std::string_view name) {
  check(H5Dwrite(dataset.id(), type, H5S_ALL, H5S_ALL, H5P_DEFAULT, data), "write", name);
}

/// H5Dread of everything.
inline void read_dataset(const Handle& dataset, hid_t type, void* data, std::string_view name) {
  check(H5Dread(dataset.id(), type, H5S_ALL, H5S_ALL, H5P_DEFAULT, data), "read", name);
}

/// Where in the file the bytes of the chunk at `at` lie; HADDR_UNDEF if it was never written.
inline haddr_t chunk_offset(const Handle& dataset, const Shape& at, std::string_view name) {
  unsigned filters = 0;
  haddr_t offset = HADDR_UNDEF;
  hsize_t bytes = 0;
  check(H5Dget_chunk_info_by_coord(dataset.id(), extent(at).data(), &filters, &offset, &bytes),
        "find a chunk of", name);
  return offset;
}

/// Where in the file the bytes of a dataset in one piece lie; HADDR_UNDEF if never written.
inline haddr_t dataset_offset(const Handle& dataset) { return H5Dget_offset(dataset.id()); }

inline Shape dataset_shape(const Handle& dataset, std::string_view name) {
  const Handle space(check(H5Dget_space(dataset.id()), "read the shape of", name), H5Sclose);
  const int rank = check(H5Sget_simple_extent_ndims(space.id()), "read the rank of", name);
  Extent now(static_cast<std::size_t>(rank));
  check(H5Sget_simple_extent_dims(space.id(), now.data(), nullptr), "read the shape of", name);
  return {now.begin(), now.end()};
}

/// H5Dset_extent: `rows` along axis 0, the other axes as they are.
inline void extend_dataset(const Handle& dataset, std::int64_t rows, std::string_view name) {
  Extent dims = extent(dataset_shape(dataset, name));
  dims.at(0) = static_cast<hsize_t>(rows);
  check(H5Dset_extent(dataset.id(), dims.data()), "extend", name);
}

// ---- attributes ---------------------------------------------------------------------------------

/// H5Acreate2 + H5Awrite.
inline void write_attribute(const Handle& object, const std::string& name, hid_t type,
                            const Shape& shape, const void* data) {
  const Handle space = make_space(shape);
  const Handle attribute(
      check(H5Acreate2(object.id(), name.c_str(), type, space.id(), makings()->attribute.id(),
                       H5P_DEFAULT),
            "create attribute", name),
      H5Aclose);
  check(H5Awrite(attribute.id(), type, data), "write attribute", name);
}

inline void write_attribute(const Handle& object, const std::string& name,
                            const std::string& text) {
  const char* data = text.c_str();
  write_attribute(object, name, makings()->text.id(), {}, &data);
}

inline void write_attribute(const Handle& object, const std::string& name, double number) {
  write_attribute(object, name, H5T_IEEE_F64LE, {}, &number);
}

inline void write_attribute(const Handle& object, const std::string& name,
                            const std::vector<std::string>& texts) {
  std::vector<const char*> data;
  for (const std::string& text : texts) data.push_back(text.c_str());
  data.push_back(nullptr);  // HDF5 wants an address even for no elements
  write_attribute(object, name, makings()->text.id(), {static_cast<std::int64_t>(texts.size())},
                  data.data());
}

/// H5Awrite of an attribute that is there.
inline void rewrite_attribute(const Handle& object, const std::string& name, hid_t type,
                              const void* data) {
  const Handle opened(check(H5Aopen(object.id(), name.c_str(), H5P_DEFAULT), "open", name),
                      H5Aclose);
  check(H5Awrite(opened.id(), type, data), "write attribute", name);
}

/// Version of the library in use, "1.10.8".
inline std::string library_version() {
  unsigned major = 0, minor = 0, release = 0;
  check(H5get_libversion(&major, &minor, &release), "tell", "its version");
  return std::to_string(major) + "." + std::to_string(minor) + "." + std::to_string(release);
}

}  // namespace foldstream::io::hdf5

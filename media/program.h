#pragma once

#include <gst/gst.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>

namespace wfdcast::media {

// Exit codes of sysexits.h that wfd-capture and wfd-render use.
inline constexpr int kExitUsage = 64;
inline constexpr int kExitUnavailable = 69;
inline constexpr int kExitFailed = 1;

// Ends the program: one line on stderr, and the exit code.
class ProgramError : public std::runtime_error {
 public:
  ProgramError(int code, const std::string& line) : std::runtime_error(line), code_(code) {}
  [[nodiscard]] int code() const { return code_; }

 private:
  int code_;
};

struct Unref {
  void operator()(void* object) const { gst_object_unref(object); }
};
template <class T>
using Owned = std::unique_ptr<T, Unref>;

[[nodiscard]] bool has_element(const std::string& name);
// Whether it is there and its device opens: some are registered although the
// device is gone or busy.
[[nodiscard]] bool opens(const std::string& name);
// The Debian package that holds an element; empty when we do not know it.
[[nodiscard]] std::string_view debian_package(std::string_view element);
// Throws ProgramError(kExitUnavailable) that names element and package.
void require_element(const std::string& name);
// The same for every element in `description`, which is in gst-launch syntax.
void require_elements(std::string_view description);

// A pipeline from gst-launch syntax; its elements are checked first.
[[nodiscard]] Owned<GstElement> make_pipeline(const std::string& description);
// An element of `bin` by its name, borrowed from it. It must be there.
[[nodiscard]] GstElement* part(GstElement* bin, const char* name);

// Sets a property from text when the element has it: versions differ.
void set_if_known(GstElement* element, const char* property, const std::string& value);

// Ends the program at once: a thread may hang in write(2) to a full pipe, or in
// a driver, and GLib keeps what it has allocated. The kernel frees the rest.
[[noreturn]] void finish(int code);

// "v4l2src0: Cannot identify device '/dev/video9'" from a bus message of type error or warning.
[[nodiscard]] std::string describe(GstMessage* message);

}  // namespace wfdcast::media

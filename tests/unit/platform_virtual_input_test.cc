// Our own devices, read back as any others. Needs /dev/uinput (module uinput), which a container mostly has
// not.
#include "platform/virtual_input.h"

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <map>

#include "platform/input_device.h"
#include "platform_loop.h"

namespace wfdcast::platform {
namespace {

using Action = PointerInput::Action;

// The event file of the device that is called so; empty: there is none (yet).
std::string event_file(const std::string& name) {
  std::error_code none;
  for (const auto& entry : std::filesystem::directory_iterator("/sys/class/input", none)) {
    std::string found;
    std::ifstream file(entry.path() / "device" / "name");
    if (std::getline(file, found) && found == name) return "/dev/input/" + entry.path().filename().string();
  }
  return {};
}

class VirtualInputs : public testing::Test {
 protected:
  void SetUp() override {
    auto made = VirtualInput::open();
    if (!made) GTEST_SKIP() << "/dev/uinput: " << made.error().message();
    virtual_ = std::move(*made);
    for (const char* name : {"wfdcast keyboard", "wfdcast mouse", "wfdcast touchscreen"}) {
      auto device = InputDevice::open(
          loop_, event_file(name), [this](const Input& input) { seen_.push_back(input); }, [] {});
      ASSERT_TRUE(device) << name << ": " << device.error().message();
      (*device)->set_picture({1280, 720});
      devices_.push_back(std::move(*device));
    }
  }
  std::vector<Input> emit(const std::vector<Input>& inputs) {
    seen_.clear();
    for (const Input& input : inputs) virtual_->emit(input);
    run_until(loop_, [&] { return seen_.size() >= inputs.size(); });
    return seen_;
  }

  EventLoop loop_;
  std::unique_ptr<VirtualInput> virtual_;
  std::vector<std::unique_ptr<InputDevice>> devices_;
  std::vector<Input> seen_;
};

TEST_F(VirtualInputs, KeysButtonsMotionAndScrollsComeBack) {
  const std::vector<Input> inputs{KeyInput{KeyCode{30}, Press::Down}, KeyInput{KeyCode{30}, Press::Up},
                                  MotionInput{5, -3}, ScrollInput{ScrollInput::Axis::Vertical, -1}};
  EXPECT_THAT(emit(inputs), testing::UnorderedElementsAreArray(inputs));
}

TEST_F(VirtualInputs, FingersComeBackWhereTheyWere) {
  virtual_->set_pointing(VirtualInput::Pointing::Touch);
  const std::vector<Input> inputs{PointerInput{Action::Down, 0, 640, 360},
                                  PointerInput{Action::Down, 1, 0, 719},
                                  PointerInput{Action::Move, 0, 1279, 0},
                                  PointerInput{Action::Up, 0, 1279, 0}, PointerInput{Action::Up, 1, 0, 719}};
  EXPECT_EQ(emit(inputs), inputs);
}

// Its own last event, or what is made up for it: the kernel's is not always read in time.
TEST_F(VirtualInputs, WhatIsHeldIsLetGoWhenADeviceGoes) {
  virtual_->set_pointing(VirtualInput::Pointing::Touch);
  (void)emit({KeyInput{KeyCode{30}, Press::Down}, PointerInput{Action::Down, 0, 640, 360}});
  seen_.clear();
  virtual_.reset();
  run_until(loop_, [&] { return seen_.size() >= 2; });
  EXPECT_THAT(seen_, testing::UnorderedElementsAre(Input{KeyInput{KeyCode{30}, Press::Up}},
                                                   Input{PointerInput{Action::Up, 0, 640, 360}}));
}

}  // namespace
}  // namespace wfdcast::platform

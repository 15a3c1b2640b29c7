#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "base/letterbox.h"
#include "daemon/environment.h"
#include "daemon/interfaces.h"
#include "daemon/line_quota.h"
#include "daemon/listeners.h"
#include "daemon/method_table.h"
#include "platform/connection.h"
#include "platform/log.h"
#include "platform/tls_connection.h"
#include "platform/virtual_input.h"
#include "rtsp/uibc_receiver.h"
#include "wfd/ids.h"
#include "wfd/uibc_capability.h"

namespace wfdcast::daemon {

// Touch, mouse and keys of the sinks (UIBC): who may send them, the one
// connection that they come by, and where they go: into the kernel where it has
// /dev/uinput, and to `monitor` in any case. One sink holds the input at a time.
class SourceInput {
 public:
  // What is known of a session's sink.
  struct Sink {
    SessionId id;
    std::string peer;  // id, or address: as in the rows of `status`
    std::string name;
    Ipv4Address address;
    std::optional<PublicKey> key{};  // proven in TLS
    PictureSize picture{};
  };
  struct Callbacks {
    std::function<void(SessionId, const UibcCapability& agreed, UibcSetting)>
        offer;                                         // with M4, or M14 and M15
    std::function<void(SessionId, UibcSetting)> tell;  // M15
  };
  SourceInput(const Environment& environment, const Interfaces& interfaces, Callbacks callbacks);

  // Whether source.input_from allows it to anybody.
  [[nodiscard]] bool wanted_at_all() const;
  // The sink says what it can send. Where it may, it is told our port.
  void described(const Sink& sink, const UibcCapability& able);
  void wanted(SessionId id, UibcSetting setting);  // M15 of the sink
  void picture_changed(SessionId id, const PictureSize& picture);
  void left(SessionId id);
  void interfaces_changed();
  void trust_changed();

  // nullopt: nobody, until a person names somebody.
  [[nodiscard]] Result<json, std::string> give_to(std::optional<SessionId> id);
  [[nodiscard]] json status() const;
  [[nodiscard]] std::string_view state_of(SessionId id) const;  // "none", "offered", "holds"

 private:
  struct Candidate {
    Sink sink;
    UibcCapability agreed;
    Time asks_again{};  // before, it has been told
  };
  [[nodiscard]] bool may_send(const Sink& sink) const;
  void say(platform::Severity severity, const Sink& sink, std::string_view what);
  [[nodiscard]] Candidate* holder();
  void hold(std::optional<SessionId> id);
  void accept(platform::Listener::Accepted accepted);
  void accept_secured(platform::Listener::Accepted accepted, const PublicKey& key);
  void refused(const Endpoint& peer, std::string_view why);
  void begin(std::unique_ptr<platform::Connection> connection);
  void receive(std::string_view bytes);
  void close(std::string_view why);
  void drop(std::unique_ptr<platform::Connection> connection);
  void carry_out(const std::vector<Input>& inputs);
  void prepare_device();
  void listen();

  const Environment& environment_;
  const Config& config_;
  const Interfaces& interfaces_;
  Callbacks callbacks_;
  std::map<SessionId, Candidate> candidates_;
  std::optional<SessionId> holder_;
  bool by_hand_ = false;                // a person has decided: nobody gets it by itself any more
  std::optional<Listeners> listeners_;  // while somebody may connect
  std::unique_ptr<platform::TlsConnection> handshake_;
  std::unique_ptr<platform::Connection> connection_;
  rtsp::UibcReceiver receiver_;
  std::unique_ptr<platform::VirtualInput> device_;
  std::string no_device_;  // why there is none
  std::uint64_t inputs_ = 0, strangers_ = 0;
  LineQuota refusal_lines_{1}, sink_lines_{20};
};

}  // namespace wfdcast::daemon

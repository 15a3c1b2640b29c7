#pragma once

#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/time.h"
#include "discovery/control_command.h"
#include "discovery/control_event.h"
#include "discovery/control_reply.h"
#include "discovery/control_request.h"
#include "discovery/supplicant_setup.h"

namespace wfdcast::discovery {

// Whose product a device is, by its own words, which prove nothing. Unknown: not told yet.
enum class Make { Unknown, Ours, Other };

// A Wi-Fi Direct device in reach.
struct P2pPeer {
  P2pDeviceSeen seen;  // name: printable
  Time last_seen{};
  Make make = Make::Unknown;
  std::optional<DeviceId> board{};  // of one of ours that has told it
};
// The group that we are in.
struct P2pGroup {
  std::string interface;
  GroupRole role = GroupRole::Client;
  std::string ssid;
  int frequency = 0;
  MacAddress owner;  // device address
  bool persistent = false;
  Ipv4Address address, owner_address;  // ours and the owner's, where EAPOL told them
  int prefix = 0;
  struct Member {
    MacAddress device, interface;
    Ipv4Address address;  // from EAPOL, or none
    std::optional<Time> gone_at{};
  };
  std::vector<Member> members;  // the others: of an owner its clients, of a client its owner
};

struct PeerSeen {
  MacAddress device;
  bool is_new = false;
};
struct PeerGone {
  MacAddress device;
};
// Somebody wants a link: answer with accept() or reject().
struct LinkRequested {
  MacAddress device;
  bool enter_pin = false;  // with the PIN that it shows
};
struct PinShown {
  MacAddress device;
  std::string pin;
};
struct PinWanted {
  MacAddress device;  // it shows its PIN now; connect with it
};
struct LinkUp {
  P2pGroup group;
};
struct MemberJoined {
  P2pGroup::Member member;
};
struct MemberLeft {
  P2pGroup::Member member;
};
struct LinkDown {
  std::string interface, reason;
};
struct ConnectFailed {
  MacAddress device;
  std::string reason;
};
struct CapabilityMissing {
  std::string what;
};
using LinkEvent = std::variant<PeerSeen, PeerGone, LinkRequested, PinShown, PinWanted, LinkUp, MemberJoined,
                               MemberLeft, LinkDown, ConnectFailed, CapabilityMissing>;

enum class AcceptPolicy { Ask, Button, Known };

// Our P2P device inside wpa_supplicant: finding, forming one group, keeping it. It makes the commands and
// reads events and answers; it never touches the control socket.
//
// Its owner sends the requests of a Step in their order, hands each answer to answered(), and calls tick()
// at next_deadline().
class P2pDevice {
 public:
  static constexpr std::size_t kMaxPeers = 256;
  static constexpr std::size_t kMaxRequests = 8;  // of strangers who wait for an answer
  static constexpr std::size_t kMaxMembers = 64;
  // A person has two minutes to press a button or enter a PIN (WPS walk time).
  static constexpr Duration kConnectTime = 130s;
  static constexpr Duration kJoinTime = 40s;
  static constexpr Duration kRequestTime = 120s;
  // Two negotiations can miss each other for good. Who answers a request begins anew so often: wpa_supplicant
  // takes a peer that asked once for one that only listens, and no more listens itself, while the peer, if it
  // lost our "not yet", does not answer us as long as we have the higher address.
  static constexpr Duration kAnswerAgain = 3s;
  static constexpr Duration kGroupRetry = 5s;  // of an owner whose group was taken down
  static constexpr int kTries = 2;
  // A link that we asked for and that goes so soon, before anything played, has not come about:
  // wpa_supplicant begins the handshake of its keys anew when an association is sent twice, and the peer,
  // which has its keys, does not answer.
  static constexpr Duration kSettling = 30s;
  // A member that was out of range is taken for gone at the moment in which it joins again.
  static constexpr Duration kReturnTime = 3s;
  // wpa_supplicant goes on refusing whom it was told to refuse, until its list of peers is flushed.
  static constexpr Duration kRefusalTime = 30s;

  struct Options {
    SupplicantSetup::Options setup;
    AcceptPolicy accept = AcceptPolicy::Ask;
    bool listen = false;  // be found without finding: a sink
    bool owner = false;   // have a group of our own from the start
    int intent = 7;       // to be the owner, 0 to 15
    std::optional<int> frequency{};
  };
  enum class State { Detached, Idle, Connecting, Up };
  struct [[nodiscard]] Step {
    std::vector<ControlRequest> requests;
    std::vector<LinkEvent> events;
  };

  explicit P2pDevice(Options options) : options_(options), setup_(options.setup) {}

  Step attached(Time now);  // the supplicant came
  Step detached(Time now);  // it has gone
  Step answered(const ControlRequest& request, std::string_view reply, Time now);
  Step receive(const ControlEventBody& event, Time now);
  Step tick(Time now);
  [[nodiscard]] std::optional<Time> next_deadline() const;

  Step find(std::chrono::seconds duration);
  Step stop_finding();
  Step connect(const MacAddress& device, const command::Method& method, Time now);
  Step ask_for_pin(const MacAddress& device);
  Step cancel(Time now);
  Step accept(const MacAddress& device, const std::string& pin, Time now);  // pin: empty but for enter_pin
  Step reject(const MacAddress& device, Time now);
  Step add_group();  // from now on there is one, as with Options::owner
  Step remove_group();
  Step set_available(bool is_available);
  // While something plays nothing is scanned and nobody is listened for.
  Step set_streaming(bool is_streaming);
  Step shut_down();  // groups gone, the supplicant as it was

  [[nodiscard]] State state() const { return state_; }
  [[nodiscard]] const std::map<MacAddress, P2pPeer>& peers() const { return peers_; }
  [[nodiscard]] const std::optional<P2pGroup>& group() const { return group_; }
  // Also between two tries.
  [[nodiscard]] bool connects_to(const MacAddress& device) const;
  [[nodiscard]] std::string name_of(const MacAddress& device) const;  // for a person
  [[nodiscard]] std::vector<MacAddress> waiting() const;              // for accept() or reject()

 private:
  struct Attempt {
    MacAddress device;
    command::Method method;
    Time deadline{};
    bool join = false;
    std::optional<int> network{};  // that we try to bring up again
    int intent = 7;
    int tries = 1;
    bool ours = false;                   // we asked
    bool left = false;                   // the peer was in our group, and has gone
    std::optional<Time> answer_again{};  // where the peer asked first
  };
  struct Request {
    Password password = Password::Button;
    std::string shown_pin;
    bool join = false;  // it invites us into its group
    Time expires{};
  };

  void enter(State state) { state_ = state; }
  void peer_seen(const P2pDeviceSeen& seen, Time now, Step& step);
  void keep_details(const PeerDetails& details);
  void listen_if_wanted(Step& step) const;
  void looked(const ControlRequest& request, std::string_view reply, Time now, Step& step);
  void order_connect(Step& step, ControlRequest::Why why = ControlRequest::Why::Connect);
  void answer_again(Time now, Step& step);
  void connect_failed(const std::string& reason, Step& step);
  void look(Step& step);
  void linked(Time now);
  void link_lost(std::string_view reason, Time now, Step& step);
  void try_again_or_fail(const std::string& reason, Step& step);
  void refuse(const MacAddress& device, Time now, Step& step);
  void requested(const MacAddress& device, Request request, Time now, Step& step);
  void provision(const ProvisionStep& event, Time now, Step& step);
  void wants_into_group(const ProvisionStep& event, Step& step);
  void invited(const InvitationReceived& event, Time now, Step& step);
  void invitation_result(const InvitationResult& event, Step& step);
  void group_started(const GroupStarted& event, Time now, Step& step);
  void group_removed(const GroupRemoved& event, Time now, Step& step);
  void station_joined(const StationConnected& event, Time now, Step& step);
  void station_left(const StationDisconnected& event, Time now);
  void forget_members(Time now, Step& step);
  void negotiation_failed(int status, Time now, Step& step);

  Options options_;
  SupplicantSetup setup_;
  State state_ = State::Detached;
  std::map<MacAddress, P2pPeer> peers_;
  std::map<MacAddress, Request> requests_;
  std::optional<Attempt> attempt_;
  std::optional<Attempt> settling_;  // whose link is up, until its deadline
  std::optional<P2pGroup> group_;
  MacAddress negotiated_;  // interface address of the peer, from the negotiation
  std::optional<Time> group_due_, flush_due_;
  bool streaming_ = false;
};

// P2P status codes (Wi-Fi Direct table "Status attribute") and reasons of wpa_supplicant, for a person.
[[nodiscard]] std::string negotiation_failure(int status);
[[nodiscard]] std::string removal_reason(std::string_view reason);
inline constexpr std::string_view kOutOfReach = "IDLE";

}  // namespace wfdcast::discovery

#include "agent/service/privileges.h"

#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <system_error>

#include "webtap/base/descriptor.h"
#include "webtap/base/error_text.h"

namespace webtap::service {
namespace {

using Capabilities = std::array<__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3>;

void check(bool succeeded, const std::string& what) {
  if (!succeeded) throw PrivilegeError("cannot " + what + ": " + error_text(errno));
}

bool read_capabilities(Capabilities& capabilities) {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  return syscall(SYS_capget, &header, capabilities.data()) == 0;
}

bool write_capabilities(const Capabilities& capabilities) {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  return syscall(SYS_capset, &header, capabilities.data()) == 0;
}

constexpr std::uint32_t kNetRaw = std::uint32_t{1} << CAP_NET_RAW;

// Nothing can be gained back. Removing from the bounding set needs CAP_SETPCAP, and fails where there is no
// such capability: that process has nothing to remove that NO_NEW_PRIVS would not keep from it.
void empty_sets() {
  prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  for (unsigned long capability = 0; prctl(PR_CAPBSET_READ, capability, 0, 0, 0) >= 0; ++capability) {
    prctl(PR_CAPBSET_DROP, capability, 0, 0, 0);
  }
}

void keep_only(Keep keep) {
  Capabilities capabilities{};
  check(read_capabilities(capabilities), "ask for the capabilities");
  const std::uint32_t kept = keep == Keep::NetRaw ? capabilities[0].permitted & kNetRaw : 0;
  capabilities = {};
  capabilities[0].permitted = capabilities[0].effective = kept;
  check(write_capabilities(capabilities), "drop capabilities");
}

}  // namespace

User find_user(const std::string& name) {
  errno = 0;
  const passwd* found = getpwnam(name.c_str());
  uid_t id = 0;
  const char* const end = name.data() + name.size();
  const auto parsed = std::from_chars(name.data(), end, id);
  if (found == nullptr && parsed.ec == std::errc{} && parsed.ptr == end) found = getpwuid(id);
  if (found == nullptr) throw PrivilegeError("cannot run as '" + name + "': there is no such user");
  return {found->pw_name, found->pw_uid, found->pw_gid};
}

void forbid_core_dumps() {
  const rlimit none{0, 0};
  setrlimit(RLIMIT_CORE, &none);
  prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

void make_directory_for(const User& user, const std::string& path) {
  const std::string what = "make directory '" + path + "' for '" + user.name + "'";
  if (mkdir(path.c_str(), 0750) != 0) return check(errno == EEXIST, what);
  // Who may write beside it may have put something else in its place by now: a link is not followed.
  const Descriptor directory(open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  check(directory && fchown(directory.number(), user.id, user.group) == 0, what);
}

void become(const User& user, Keep keep) {
  const std::string what = "run as '" + user.name + "'";
  if (geteuid() == user.id && getuid() == user.id) return drop_capabilities(keep);
  empty_sets();  // while we may
  check(prctl(PR_SET_KEEPCAPS, keep == Keep::NetRaw ? 1 : 0, 0, 0, 0) == 0, what);
  check(initgroups(user.name.c_str(), user.group) == 0, what);
  check(setresgid(user.group, user.group, user.group) == 0, what);
  check(setresuid(user.id, user.id, user.id) == 0, what);
  drop_capabilities(keep);
  prctl(PR_SET_KEEPCAPS, 0, 0, 0, 0);
  if (user.id != 0 && setresuid(0, 0, 0) == 0) throw PrivilegeError("cannot give up being root");
}

void drop_capabilities(Keep keep) {
  empty_sets();
  keep_only(keep);
  check(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0, "renounce new privileges");
  forbid_core_dumps();  // a change of the user has allowed them again
}

bool has_net_raw() {
  Capabilities capabilities{};
  return read_capabilities(capabilities) && (capabilities[0].effective & kNetRaw) != 0;
}

}  // namespace webtap::service

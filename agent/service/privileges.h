// What the process may do: as another user, without capabilities, and without core dumps that hold keys.
#pragma once

#include <sys/types.h>

#include <stdexcept>
#include <string>

namespace webtap::service {

// "cannot run as 'webtap': there is no such user".
class PrivilegeError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

struct User {
  std::string name;
  uid_t id = 0;
  gid_t group = 0;
};

// Throws PrivilegeError. A number names a user too.
User find_user(const std::string& name);

// Whether what is kept suffices to open an interface again: the CAP_NET_RAW of a process that lives long.
enum class Keep { Nothing, NetRaw };

// Core dumps hold keys and what was masked: none is written, and no other process of this user may look into
// this one.
void forbid_core_dumps();

// Makes the directory for the user, if it is missing. What is there stays whose it is. Throws PrivilegeError.
void make_directory_for(const User& user, const std::string& path);

// The calling thread, and those it starts from now on, are this user's, with its groups, and have no
// capability but what `keep` says; nothing that is executed gains one. To be called while there is one
// thread. Throws PrivilegeError where the process is not allowed to become the user.
void become(const User& user, Keep keep);
// The same for who already runs as the user it should.
void drop_capabilities(Keep keep);

// Whether this thread has CAP_NET_RAW now.
bool has_net_raw();

}  // namespace webtap::service

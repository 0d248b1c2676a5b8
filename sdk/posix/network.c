// The network: a guest has the sockets that it is given and makes none. Names resolve only when
// they are numbers.
#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "posix.h"

static int is_open(int fd) {
  struct stat status;
  return fstat(fd, &status);
}
// Of a descriptor: the operation does not exist, or it is none at all.
static int no_operation(int fd) { return is_open(fd) == 0 ? fail(EOPNOTSUPP) : -1; }

PUBLIC int socket(int family, int type, int protocol) { return fail(EAFNOSUPPORT); }
PUBLIC int socketpair(int family, int type, int protocol, int ends[2]) {
  return fail(EAFNOSUPPORT);
}
PUBLIC int connect(int fd, const struct sockaddr* to, socklen_t length) { return no_operation(fd); }
PUBLIC int bind(int fd, const struct sockaddr* at, socklen_t length) { return no_operation(fd); }
PUBLIC int listen(int fd, int backlog) { return no_operation(fd); }
PUBLIC int getsockname(int fd, struct sockaddr* out, socklen_t* length) { return no_operation(fd); }
PUBLIC int getpeername(int fd, struct sockaddr* out, socklen_t* length) { return no_operation(fd); }
PUBLIC int sockatmark(int fd) { return no_operation(fd); }
// Options are hints here; programs set them on sockets that they were given and give up when that
// fails.
PUBLIC int setsockopt(int fd, int level, int option, const void* value, socklen_t length) {
  return is_open(fd);
}
PUBLIC ssize_t sendto(int fd, const void* data, size_t size, int flags, const struct sockaddr* to,
                      socklen_t length) {
  return to == NULL ? send(fd, data, size, flags) : no_operation(fd);
}
PUBLIC ssize_t recvfrom(int fd, void* data, size_t size, int flags, struct sockaddr* from,
                        socklen_t* length) {
  if (from != NULL && length != NULL) {
    *length = 0;
  }
  return recv(fd, data, size, flags);
}
PUBLIC ssize_t sendmsg(int fd, const struct msghdr* message, int flags) { return no_operation(fd); }
PUBLIC ssize_t recvmsg(int fd, struct msghdr* message, int flags) { return no_operation(fd); }

static int port_of(const char* service, int flags, in_port_t* port) {
  if (service == NULL) {
    *port = 0;
    return 0;
  }
  char* end;
  unsigned long number = strtoul(service, &end, 10);
  if (*service < '0' || *service > '9' || *end != '\0' || number > 65535) {
    return (flags & AI_NUMERICSERV) != 0 ? EAI_NONAME : EAI_SERVICE;
  }
  *port = htons((in_port_t)number);
  return 0;
}

static int addresses_of(const char* host, int flags, struct sockaddr_in* v4,
                        struct sockaddr_in6* v6) {
  if (host == NULL) {
    v4->sin_family = AF_INET;
    v4->sin_addr.s_addr = htonl((flags & AI_PASSIVE) != 0 ? INADDR_ANY : INADDR_LOOPBACK);
    return 0;
  }
  if (inet_pton(AF_INET, host, &v4->sin_addr) == 1) {
    v4->sin_family = AF_INET;
    return 0;
  }
  if (inet_pton(AF_INET6, host, &v6->sin6_addr) == 1) {
    v6->sin6_family = AF_INET6;
    return 0;
  }
  return (flags & AI_NUMERICHOST) != 0 ? EAI_NONAME : EAI_FAIL;
}

PUBLIC int getaddrinfo(const char* host, const char* service, const struct addrinfo* hints,
                       struct addrinfo** out) {
  int flags = hints == NULL ? 0 : hints->ai_flags;
  int family = hints == NULL ? AF_UNSPEC : hints->ai_family;
  if (family != AF_UNSPEC && family != AF_INET && family != AF_INET6) {
    return EAI_FAMILY;
  }
  if (host == NULL && service == NULL) {
    return EAI_NONAME;
  }
  struct {
    struct addrinfo info;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
  }* result = calloc(1, sizeof *result);
  if (result == NULL) {
    return EAI_MEMORY;
  }
  in_port_t port = 0;
  int error = port_of(service, flags, &port);
  error = error != 0 ? error : addresses_of(host, flags, &result->v4, &result->v6);
  int is_v4 = result->v4.sin_family == AF_INET;
  if (error == 0 && family != AF_UNSPEC && family != (is_v4 ? AF_INET : AF_INET6)) {
    error = EAI_NONAME;
  }
  if (error != 0) {
    free(result);
    return error;
  }
  result->v4.sin_port = result->v6.sin6_port = port;
  result->info = (struct addrinfo){
      .ai_family = is_v4 ? AF_INET : AF_INET6,
      .ai_socktype = hints == NULL || hints->ai_socktype == 0 ? SOCK_STREAM : hints->ai_socktype,
      .ai_protocol = hints == NULL ? 0 : hints->ai_protocol,
      .ai_addr = is_v4 ? (struct sockaddr*)&result->v4 : (struct sockaddr*)&result->v6,
      .ai_addrlen = is_v4 ? sizeof result->v4 : sizeof result->v6};
  *out = &result->info;
  return 0;
}
PUBLIC void freeaddrinfo(struct addrinfo* list) { free(list); }

PUBLIC int getnameinfo(const struct sockaddr* address, socklen_t length, char* host,
                       socklen_t host_size, char* service, socklen_t service_size, int flags) {
  const struct sockaddr_in* v4 = (const struct sockaddr_in*)address;
  const struct sockaddr_in6* v6 = (const struct sockaddr_in6*)address;
  if (address->sa_family != AF_INET && address->sa_family != AF_INET6) {
    return EAI_FAMILY;
  }
  if ((flags & NI_NAMEREQD) != 0) {
    return EAI_NONAME;
  }
  int is_v4 = address->sa_family == AF_INET;
  const void* bytes = is_v4 ? (const void*)&v4->sin_addr : (const void*)&v6->sin6_addr;
  if (host_size > 0 && inet_ntop(address->sa_family, bytes, host, host_size) == NULL) {
    return EAI_OVERFLOW;
  }
  int port = ntohs(is_v4 ? v4->sin_port : v6->sin6_port);
  if (service_size > 0 && snprintf(service, service_size, "%d", port) >= (int)service_size) {
    return EAI_OVERFLOW;
  }
  return 0;
}

PUBLIC const char* gai_strerror(int error) {
  switch (error) {
    case EAI_NONAME:
      return "Name does not resolve";
    case EAI_FAIL:
      return "A WebAssembly program cannot look up names; give an address";
    case EAI_SERVICE:
      return "A WebAssembly program cannot look up services; give a port number";
    case EAI_FAMILY:
      return "Address family not supported";
    case EAI_MEMORY:
      return "Out of memory";
    case EAI_OVERFLOW:
      return "Buffer too small";
    case EAI_SYSTEM:
      return "System error";
    default:
      return "Unknown error";
  }
}

static int host_error;
PUBLIC int* __h_errno_location(void) { return &host_error; }
PUBLIC const char* hstrerror(int error) {
  return error == 0 ? "No error" : "A WebAssembly program cannot look up names; give an address";
}
PUBLIC void herror(const char* message) {
  fprintf(stderr, "%s%s%s\n", is_empty(message) ? "" : message, is_empty(message) ? "" : ": ",
          hstrerror(host_error));
}

PUBLIC struct hostent* gethostbyname2(const char* host, int family) {
  static struct in_addr address;
  static char* addresses[] = {(char*)&address, NULL};
  static char* aliases[] = {NULL};
  static char name[64];
  static struct hostent entry;
  if (family != AF_INET || strlen(host) >= sizeof name || inet_pton(AF_INET, host, &address) != 1) {
    host_error = NO_RECOVERY;
    return NULL;
  }
  strcpy(name, host);
  entry = (struct hostent){name, aliases, AF_INET, sizeof address, addresses};
  return &entry;
}
PUBLIC struct hostent* gethostbyname(const char* host) { return gethostbyname2(host, AF_INET); }
PUBLIC struct hostent* gethostbyaddr(const void* address, socklen_t length, int family) {
  host_error = NO_RECOVERY;
  return NULL;
}
PUBLIC int gethostbyname_r(const char* host, struct hostent* out, char* buffer, size_t size,
                           struct hostent** result, int* error) {
  *result = NULL;
  *error = NO_RECOVERY;
  return ENOSYS;
}

// The tables of names are empty.
PUBLIC struct servent* getservbyname(const char* name, const char* protocol) { return NULL; }
PUBLIC struct servent* getservbyport(int port, const char* protocol) { return NULL; }
PUBLIC struct protoent* getprotobyname(const char* name) { return NULL; }
PUBLIC struct protoent* getprotobynumber(int number) { return NULL; }
PUBLIC struct netent* getnetbyname(const char* name) { return NULL; }
PUBLIC struct netent* getnetbyaddr(uint32_t net, int family) { return NULL; }

PUBLIC int getifaddrs(struct ifaddrs** out) {
  *out = NULL;
  return 0;
}
PUBLIC void freeifaddrs(struct ifaddrs* list) {}
PUBLIC unsigned if_nametoindex(const char* name) {
  errno = ENODEV;
  return 0;
}
PUBLIC char* if_indextoname(unsigned index, char* name) {
  errno = ENXIO;
  return NULL;
}

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "check.h"

int main(void) {
  fails("socket()", socket(AF_INET, SOCK_STREAM, 0) == -1, EAFNOSUPPORT);
  struct sockaddr_in address = {.sin_family = AF_INET};
  struct sockaddr* any = (struct sockaddr*)&address;
  fails("connect() of a stream", connect(1, any, sizeof address) == -1, EOPNOTSUPP);
  fails("connect() of nothing", connect(99, any, sizeof address) == -1, EBADF);
  fails("bind()", bind(99, any, sizeof address) == -1, EBADF);
  struct addrinfo* list = NULL;
  struct addrinfo hints = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM};
  int error = getaddrinfo("www.example.org", "80", &hints, &list);
  check("a name does not resolve", error == EAI_FAIL && strstr(gai_strerror(error), "address"));
  check("an address does", getaddrinfo("192.0.2.7", "80", &hints, &list) == 0 &&
                               list->ai_family == AF_INET && list->ai_next == NULL);
  struct sockaddr_in* found = (struct sockaddr_in*)list->ai_addr;
  check("as it says", ntohl(found->sin_addr.s_addr) == 0xc0000207 && ntohs(found->sin_port) == 80);
  char host[40], port[8];
  check("getnameinfo()", getnameinfo(list->ai_addr, list->ai_addrlen, host, sizeof host, port,
                                     sizeof port, NI_NUMERICHOST) == 0 &&
                             strcmp(host, "192.0.2.7") == 0 && strcmp(port, "80") == 0);
  freeaddrinfo(list);
  check("a service does not", getaddrinfo("192.0.2.7", "http", &hints, &list) == EAI_SERVICE);
  hints.ai_family = AF_UNIX;
  check("no such family", getaddrinfo("192.0.2.7", "80", &hints, &list) == EAI_FAMILY);
  check("gethostbyname() of a name", gethostbyname("localhost") == NULL && h_errno == NO_RECOVERY);
  struct hostent* entry = gethostbyname("127.0.0.1");
  check("gethostbyname() of an address",
        entry != NULL && entry->h_length == 4 && entry->h_addr_list[0][0] == 127);
  check("getservbyname()", getservbyname("http", "tcp") == NULL);
}

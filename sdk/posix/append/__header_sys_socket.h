/* weft: names that programs with sockets spell; sockets that a program did not get from outside
 * cannot be made. */
#ifndef MSG_NOSIGNAL
#define MSG_OOB 0x0001
#define MSG_DONTWAIT 0x0040
#define MSG_NOSIGNAL 0x4000
#define SOMAXCONN 128
#define SO_REUSEADDR 2
#define SO_ERROR 4
#define SO_DONTROUTE 5
#define SO_BROADCAST 6
#define SO_SNDBUF 7
#define SO_RCVBUF 8
#define SO_KEEPALIVE 9
#define SO_LINGER 13
#define SO_REUSEPORT 15
#define SO_ACCEPTCONN 30
#define SO_RCVTIMEO 66
#define SO_SNDTIMEO 67
#endif

/* weft: the size of a terminal's window, which is not known: ENOTTY. */
#define TIOCGWINSZ 0x5413
#define TIOCSWINSZ 0x5414
#define __NEED_struct_winsize
#include <bits/alltypes.h>

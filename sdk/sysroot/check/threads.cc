#include <iostream>
#include <thread>

int main() {
  try {
    std::thread([] { std::cout << "in a thread\n"; }).join();
    throw 1;
  } catch (int) {
  }
}

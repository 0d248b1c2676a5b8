#include <filesystem>
#include <iostream>

int main() {
  try {
    throw std::filesystem::path("a") / "b";
  } catch (const std::filesystem::path& path) {
    std::cout << path << "\n";
  }
}

#include "cli/value_source.hpp"

#include <CLI/CLI.hpp>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <stdexcept>

namespace cli {

namespace {

std::string read_all(std::FILE* from, const std::string& name) {
  std::string bytes;
  char block[65536];
  std::size_t n = 0;
  errno = 0;
  while ((n = std::fread(block, 1, sizeof block, from)) > 0) bytes.append(block, n);
  if (std::ferror(from)) throw std::runtime_error("cannot read " + name + ": " + std::strerror(errno));
  return bytes;
}

}  // namespace

std::string read_standard_input() { return read_all(stdin, "standard input"); }

void value_source::add_to(CLI::App& command) {
  value_given_ = add_text(command, "VALUE", value_, "the value; without it, or as -, standard input is read");
  file_given_ = add_text(command, "-f,--file", file_, "a file whose bytes are the value")->type_name("PATH");
  value_given_->excludes(file_given_);
}

std::string value_source::read() const {
  if (file_given_->count() > 0) {
    struct closer {
      void operator()(std::FILE* f) const noexcept { std::fclose(f); }
    };
    const std::unique_ptr<std::FILE, closer> file(std::fopen(file_.c_str(), "rb"));
    if (!file) throw std::runtime_error("cannot open " + file_ + ": " + std::strerror(errno));
    return read_all(file.get(), file_);
  }
  if (value_given_->count() > 0 && value_ != "-") return value_;
  return read_standard_input();
}

}  // namespace cli

// The one file that sees Catch's implementation: it takes longer to compile than most of our tests together.
#define CATCH_CONFIG_MAIN
#include <catch2/catch.hpp>

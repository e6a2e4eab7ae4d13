#pragma once

/// The whole public library in one include.

#include <cmemcache/blocking_client.hpp>
#include <cmemcache/client.hpp>
#include <cmemcache/distribution.hpp>
#include <cmemcache/error.hpp>
#include <cmemcache/options.hpp>
#include <cmemcache/reactor.hpp>
#include <cmemcache/reply.hpp>
#include <cmemcache/request.hpp>
#include <cmemcache/server.hpp>
#include <cmemcache/statistics.hpp>
#include <cmemcache/tls_options.hpp>
#include <cmemcache/version.hpp>

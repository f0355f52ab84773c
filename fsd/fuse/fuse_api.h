// The one place that names the libfuse API level: below 312 the loop configuration is silently the wrong struct.
#pragma once

#define FUSE_USE_VERSION 312
#include <fuse_lowlevel.h>

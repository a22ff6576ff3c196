// SPDX-License-Identifier: GPL-2.0-only
/* The one place where the tracepoints get their code. */
#define CREATE_TRACE_POINTS
#include "iscsi/wire/trace.h"

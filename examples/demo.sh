#!/bin/sh
# demo.sh PROGRAM: runs the demonstration in a temporary directory of its own, which is gone
# afterwards whatever happens to the program. "make demo" calls it.
set -eu

work=$(mktemp -d "${TMPDIR:-/tmp}/rsldap-demo.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

TMPDIR=$work "$1"

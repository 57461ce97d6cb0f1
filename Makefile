# pam_rsldap: "make help" lists the targets.

# Root's PATH often has no ~/.cargo/bin, where rustup puts cargo.
export PATH := $(PATH):$(HOME)/.cargo/bin

CARGO   ?= cargo
DESTDIR ?=
PREFIX  ?= /usr

# Where libpam looks for modules: beside pam_unix.so. This machine's own architecture comes first, for
# hosts that have the libraries of two.
ARCH     := $(shell uname -m)
PAM_UNIX := $(firstword $(wildcard \
	/lib/$(ARCH)-linux-gnu/security/pam_unix.so \
	/usr/lib/$(ARCH)-linux-gnu/security/pam_unix.so \
	/lib/*/security/pam_unix.so /usr/lib/*/security/pam_unix.so \
	/usr/lib64/security/pam_unix.so /lib64/security/pam_unix.so /lib/security/pam_unix.so))
PAMDIR   ?= $(patsubst %/,%,$(dir $(PAM_UNIX)))

RELEASE := $(or $(CARGO_TARGET_DIR),target)/release
MODULE  := $(RELEASE)/libpam_rsldap.so
COMMAND := $(RELEASE)/rsldapctl

# The programs look for the configuration here whatever PREFIX is.
ETC     := $(DESTDIR)/etc/pam_rsldap
STATE   := $(DESTDIR)/var/lib/pam_rsldap
SBIN    := $(DESTDIR)$(PREFIX)/sbin
MAN     := $(DESTDIR)$(PREFIX)/share/man
DOC     := $(DESTDIR)$(PREFIX)/share/doc/pam_rsldap
PROFILE := $(DESTDIR)$(PREFIX)/share/pam-configs/rsldap

MAN5  := $(wildcard man/*.5)
MAN8  := $(wildcard man/*.8)
TEXTS := $(wildcard README.md CHANGELOG.md SECURITY.md LICENSE*)
CONFS := $(wildcard conf/*.toml)
STACKS := $(wildcard pam.d/*)

.DEFAULT_GOAL := build
.PHONY: build figures groups outages memory demo test test-release test-ad check install uninstall clean help

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 12

# Cargo optimises at link time only what is nothing but a shared object, so the module is built once more
# by itself, without the command's crates, for a quarter less. Any later "cargo build --release" puts the
# larger one in its place.
LINK_MODULE = $(CARGO) rustc --release --locked --lib --crate-type cdylib --no-default-features

build: ## the module and rsldapctl, in target/release
	$(CARGO) build --release --locked
	$(LINK_MODULE)

figures: ## what a login costs, against the limits of this project
	@packaging/debian-deps figures
	$(CARGO) build --release --locked --example figures
	$(LINK_MODULE)
	$(RELEASE)/examples/figures

groups: ## what groups cost, in a directory of 100 users and one of 100,000
	@packaging/debian-deps demo
	$(CARGO) bench --locked --bench groups

outages: ## what an outage costs: servers that refuse, vanish, die under load, lie (root, for a private /run)
	@test "$$(id -u)" = 0 || { echo "make outages needs root: for a private view of /run and /etc" >&2; exit 1; }
	@packaging/debian-deps demo
	$(CARGO) bench --locked --bench outages

memory: ## what remembering costs and saves: cache off and on, an offline login, a known outage (root)
	@test "$$(id -u)" = 0 || { echo "make memory needs root: for a private view of /run and /var/lib" >&2; exit 1; }
	@packaging/debian-deps demo
	$(CARGO) bench --locked --bench memory

demo: ## logins through the real libpam and a private slapd, as a table (root; changes nothing on the host)
	@test "$$(id -u)" = 0 || { echo "make demo needs root: for a private view of /etc, and for pam_unix" >&2; exit 1; }
	@packaging/debian-deps demo
	$(CARGO) build --release --locked --bins --example demo
	$(LINK_MODULE)
	@examples/demo.sh $(RELEASE)/examples/demo

test: ## everything that is checked before a release (root, for sshd and sudo)
	@packaging/debian-deps test
	@$(MAKE) --no-print-directory check
	$(CARGO) test --locked --no-fail-fast
	@$(MAKE) --no-print-directory test-release
	@$(MAKE) --no-print-directory test-ad

test-release: ## the module as it is installed: its size, its symbols, and that it works
	@packaging/debian-deps test
	$(LINK_MODULE)
	$(CARGO) test --locked --test release

test-ad: ## the module against a Samba domain controller, in a network of its own (root)
	@packaging/debian-deps test
	$(CARGO) test --locked --no-fail-fast --test ad

# Where Rust comes from Debian 12 there is no formatter and no linter of the same version. Continuous
# integration has to have them.
define with_tool
	@if $(CARGO) $(1) --version >/dev/null 2>&1; then \
	    echo "$(CARGO) $(1) $(2)"; $(CARGO) $(1) $(2); \
	elif [ -n "$$CI" ]; then \
	    echo "cargo $(1) is not installed, and CI is set" >&2; exit 1; \
	else \
	    echo "*** NOT CHECKED: cargo $(1) is not installed (rustup component add $(3))" >&2; \
	fi
endef

# What clippy finds differs from release to release: for the one that developers use, and in continuous
# integration, it is an error. Elsewhere, as with Debian's Rust, it is shown.
LINTED_WITH := 1.95
LINTS = $(if $(or $(CI),$(findstring 0.$(LINTED_WITH),$(shell $(CARGO) clippy --version 2>/dev/null))),-D warnings,--cap-lints warn)

.PHONY: man
man: ## man/rsldapctl.8, from the command line and man/rsldapctl.8.in
	$(CARGO) run --quiet --locked --example manual >man/rsldapctl.8.new
	mv man/rsldapctl.8.new man/rsldapctl.8

check: ## format and lints
	$(call with_tool,fmt,--check,rustfmt)
	$(call with_tool,clippy,--all-targets --locked -- $(LINTS),clippy)
	$(call with_tool,clippy,--test ad --test release --locked -- $(LINTS),clippy)
	$(call with_tool,clippy,--lib --no-default-features --locked -- $(LINTS),clippy)

# No prerequisites: what "make build" has made is installed as it is, so that "sudo make install" neither
# needs cargo nor leaves files of root in the build directory.
$(MODULE) $(COMMAND):
	$(CARGO) build --release --locked

# A file that running programs have mapped or are executing is replaced by rename(2), never
# written over.
replace = install -m $(1) $(2) $(3).new && mv -f $(3).new $(3)

install: $(MODULE) $(COMMAND) ## to DESTDIR, PREFIX, PAMDIR; an edited configuration is left alone
	@test -n "$(PAMDIR)" || { echo "no directory with pam_unix.so found: set PAMDIR" >&2; exit 1; }
	install -d -m 0755 $(DESTDIR)$(PAMDIR) $(SBIN) $(ETC) $(dir $(PROFILE)) $(MAN)/man5 $(MAN)/man8
	install -d -m 0755 $(DOC)/examples/conf $(DOC)/examples/pam.d
	install -d -m 0755 $(dir $(STATE)) && install -d -m 0700 $(STATE)
	$(call replace,0644,$(MODULE),$(DESTDIR)$(PAMDIR)/pam_rsldap.so)
	$(call replace,0755,$(COMMAND),$(SBIN)/rsldapctl)
	@if [ -e $(ETC)/config.toml ]; then \
	    echo "$(ETC)/config.toml is there already and stays as it is (the shipped one: $(DOC)/examples/conf/)"; \
	else \
	    echo "install -m 0644 conf/config.toml $(ETC)/config.toml"; \
	    install -m 0644 conf/config.toml $(ETC)/config.toml; \
	fi
	install -m 0644 packaging/pam-configs/rsldap $(PROFILE)
	$(if $(MAN5),install -m 0644 $(MAN5) $(MAN)/man5/)
	$(if $(MAN8),install -m 0644 $(MAN8) $(MAN)/man8/)
	install -m 0644 $(TEXTS) $(DOC)/
	install -m 0644 $(CONFS) $(DOC)/examples/conf/
	install -m 0644 $(STACKS) $(DOC)/examples/pam.d/
	@echo "Installed. Nothing uses it until a file in /etc/pam.d says so: see $(DOC)/README.md"

# A stack that names a module which is gone refuses logins, root's among them.
uninstall: ## removes what install put there; an edited configuration, secrets and state stay
	@test -n "$(PAMDIR)" || { echo "no directory with pam_unix.so found: set PAMDIR" >&2; exit 1; }
	@used=$$(grep -ls '^[^#]*pam_rsldap\.so' $(DESTDIR)/etc/pam.d/*); \
	if [ -n "$$used" ]; then \
	    echo "still in use, not removed. First take pam_rsldap.so out of:" $$used >&2; \
	    echo '(what pam-auth-update has put there: "pam-auth-update --remove rsldap")' >&2; exit 1; \
	fi
	rm -f $(DESTDIR)$(PAMDIR)/pam_rsldap.so $(SBIN)/rsldapctl $(PROFILE)
	rm -f $(addprefix $(MAN)/man5/,$(notdir $(MAN5))) $(addprefix $(MAN)/man8/,$(notdir $(MAN8)))
	rm -f $(addprefix $(DOC)/,$(TEXTS))
	rm -f $(addprefix $(DOC)/examples/conf/,$(notdir $(CONFS))) $(addprefix $(DOC)/examples/pam.d/,$(notdir $(STACKS)))
	@if [ -e $(ETC)/config.toml ] && cmp -s conf/config.toml $(ETC)/config.toml; then \
	    echo "rm -f $(ETC)/config.toml"; rm -f $(ETC)/config.toml; \
	fi
	@for directory in $(DOC)/examples/conf $(DOC)/examples/pam.d $(DOC)/examples $(DOC) $(ETC) $(STATE); do \
	    [ -d $$directory ] || continue; \
	    rmdir $$directory 2>/dev/null || echo "left because it is not empty: $$directory"; \
	done

clean: ## removes the build directory
	$(CARGO) clean

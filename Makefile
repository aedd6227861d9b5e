# make run        install what is missing, build, run the shipped scenario suites
# make check      install what is missing, build and run every test
# make check SAN=1          the same under AddressSanitizer and UBSan
# make            build build/esimrig
# make run-sockets          the suites over real sockets, on a scaled clock
# make conform    the reference server, judged at every depth
# make conform-sockets      its depth read over real sockets, on a scaled clock
# make gallery    the checks, tried on every broken server (about 4 minutes)
# make conform-example      the server in Node.js, judged in worlds of the rig
# make openapi    what the parties answer, against their OpenAPI files (needs npm)
# make schema     the suites and checks, against the schema for editors (needs npm)
# make soak       a day of the demo in 2.5 minutes: its memory may not grow
# make check-browser        the dashboard, used in a headless browser (needs npm and Chromium)
# make docs       renew the pages that are written from tables
# make install    DESTDIR=, prefix=/usr/local: program, man pages, completion, units, examples
# make deb        a package for Debian 12 in build/deb/ (installs what building it needs)
# make package-check   lintian on it; as root, installed, run and removed on a bare Debian 12
# make lint       the direction of includes and the banned functions
# make fuzz-run SECONDS=5   each fuzz target for so long (needs clang)
# make bench      the figures, as ratios to floors of the same run
CC       ?= cc
PKGS     := libmicrohttpd libcurl libcjson yaml-0.1 openssl sqlite3 libutf8proc zlib libqrencode
DEBS     := $(if $(filter clang,$(CC)),clang libclang-rt-14-dev llvm,gcc) make pkg-config check libmicrohttpd-dev libcurl4-openssl-dev \
            libcjson-dev libyaml-dev libssl-dev openssl libsqlite3-dev libutf8proc-dev zlib1g-dev libqrencode-dev curl
CPPFLAGS += -I. -D_GNU_SOURCE -MMD -MP
CFLAGS   += -std=c17 -g -O2 -Wall -Wextra -Wshadow -Wconversion \
            -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wwrite-strings \
            -fno-common -Werror
LDLIBS   += $(shell pkg-config --libs $(PKGS) 2>/dev/null) -lm
B        ?= build
ifdef SAN
override B := $(B)/san
# With -O1 these are built in two thirds of the time, and run as fast.
CFLAGS   += -O1 -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all
LDFLAGS  += -fsanitize=address,undefined
# gcc takes its own checks for code that needs larger buffers.
CFLAGS   += $(if $(findstring clang,$(CC)),,-Wno-format-truncation)
export CK_FORK := no
# Who is asked to abort shows where it is.
export ASAN_OPTIONS := handle_abort=1$(addprefix :,$(ASAN_OPTIONS))
endif
ifdef FUZZ
override B := $(B)/fuzz
override CC := clang
CFLAGS   += -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all
LDFLAGS  += -fsanitize=fuzzer,address,undefined
endif

MODULES  ?= sim proto devices smdp eis server scenarios conformance conformance/defects cli
SRCS     := $(wildcard $(addsuffix /*.c,$(MODULES)))
TESTS    := $(filter %_test.c,$(SRCS))
FUZZERS  := $(filter %_fuzz.c,$(SRCS))
MAINS    := $(filter %_main.c,$(SRCS))
LIB      := $(filter-out $(TESTS) $(MAINS) $(FUZZERS),$(SRCS))
PROGS    := $(patsubst %_main.c,$(B)/%,$(notdir $(MAINS)))
BINS     := $(TESTS:%.c=$(B)/%)

# What needs packages runs in a make of its own, once they are there; on all
# cores unless the caller says otherwise.
JOBS     := $(if $(findstring j,$(firstword -$(MAKEFLAGS))),,-j$(shell nproc))
SUBMAKE   = $(MAKE) --no-print-directory $(JOBS)

all: deps
	@$(SUBMAKE) programs
programs: $(PROGS)
everything: deps
	@$(SUBMAKE) $(BINS) $(PROGS)

check: deps
	@$(SUBMAKE) check-built
# libcheck's own limit of 4 s is for machines with nothing else to do.
export CK_DEFAULT_TIMEOUT ?= 120
# Two for each processor at a time, as many wait; what each says comes whole, when it
# is over, and of those that fail at the end.  None takes a fifth of LIMIT seconds.
LIMIT    ?= 300
check-built: $(BINS) $(PROGS)
	@rm -f $(B)/failed
	@printf '%s\n' $(BINS) | tac | xargs -P $$((2 * $(shell nproc))) -I{} sh -c \
	  '.ci/limited $(LIMIT) {} >{}.log 2>&1 && cat {}.log || echo "{} ($$?)" >>$(B)/failed'
	@[ ! -s $(B)/failed ] || { while read -r test rc; do cat $$test.log; done <$(B)/failed; \
	  echo "failed: $$(paste -sd" " $(B)/failed)"; exit 1; }; \
	  echo "all $(words $(BINS)) test programs passed"

# The shipped suites: in virtual time; the same files over sockets.
SUITES   := scenarios/suites scenarios/demo
SCALE    ?= 120
run: all
	@$(B)/esimrig run $(SUITES)
run-sockets: all
	@$(B)/esimrig run $(SUITES) --net http --clock scaled=$(SCALE) -j 48
# The answers of every suite, and of the control API in its tests, against their OpenAPI files.
openapi: all
	@$(B)/esimrig run $(SUITES) --traffic $(B)/traffic.jsonl >$(B)/traffic.log || { cat $(B)/traffic.log; exit 1; }
	@$(SUBMAKE) $(B)/scenarios/control_test $(B)/scenarios/control_live_test
	@for t in control control_live; do CONTROL_TRAFFIC=$(B)/traffic.jsonl \
	  $(B)/scenarios/$${t}_test >$(B)/traffic.log || { cat $(B)/traffic.log; exit 1; }; done
	@.ci/openapi-check $(B)/traffic.jsonl
# All shipped files, against what `esimrig schema` writes.
schema: all
	@.ci/schema-check $(B)/esimrig $(SUITES) conformance/suites
# The dashboard, in a browser; its screenshots stay there.
check-browser: all
	@.ci/browser-check $(B)/esimrig $(B)/browser
# A day of a demo, on a clock 600 times as fast: its memory does not grow (2.5 minutes).
soak: all
	@.ci/soak $(B)/esimrig
# Says little if all is well: with SHOULDs and conventions, nothing may be amiss.
JUDGE     = $(B)/esimrig conform --target reference --strict --conventions
conform: all
	@for depth in read actions world; do \
	  $(JUDGE) --depth $$depth >$(B)/$@.log || { cat $(B)/$@.log; exit 1; }; \
	  echo "depth $$depth: $$(grep ' checks*: ' $(B)/$@.log)"; done
conform-sockets: all
	@$(JUDGE) --depth read --net http --clock scaled=60 -j 16 >$(B)/$@.log || { cat $(B)/$@.log; exit 1; }
	@grep ' checks*: ' $(B)/$@.log
# A server that shares nothing with the rig's own passes what that one passes.
# Every broken server is found, and none fails a check for no reason; the score is the last line.
gallery: all
	@$(B)/esimrig conform --gallery --json $(B)/gallery.json >$(B)/gallery.log || { cat $(B)/gallery.log; exit 1; }
	@tail -1 $(B)/gallery.log
conform-example: all
	@.ci/need node=nodejs
	@$(B)/esimrig conform --target conformance/example-server/target.yaml >$(B)/$@.log || { cat $(B)/$@.log; exit 1; }
	@grep ' checks*: ' $(B)/$@.log
bench: all
	@$(B)/esimrig bench

# Pages that tests hold to the tables they are written from.
docs: deps
	@$(SUBMAKE) $(B)/scenarios/schema_doc_test $(B)/scenarios/quirk_test $(B)/server/messages_test $(B)/conformance/coverage_test
	@UPDATE=1 $(B)/scenarios/schema_doc_test >/dev/null
	@UPDATE_DOCS=1 $(B)/scenarios/quirk_test >/dev/null
	@UPDATE_DOCS=1 $(B)/conformance/coverage_test >/dev/null

# ---- Installed. ---------------------------------------------------------------
prefix   ?= /usr/local
bindir   ?= $(prefix)/bin
datadir  ?= $(prefix)/share
mandir   ?= $(datadir)/man
docdir   ?= $(datadir)/doc/esimrig
unitdir  ?= $(prefix)/lib/systemd/system
INSTALL   = install -m 0644
UNITS    := $(wildcard packaging/systemd/*.service)
DOCS     := README.md CHANGELOG.md $(wildcard docs/*.md docs/*.json docs/*/*.md)

pages: $(B)/pages
	@rm -rf $(B)/manual && $(B)/pages $(B)/manual

install: programs pages
	install -d $(DESTDIR)$(bindir) $(DESTDIR)$(mandir)/man1 $(DESTDIR)$(datadir)/esimrig \
	  $(DESTDIR)$(datadir)/bash-completion/completions $(DESTDIR)$(datadir)/zsh/vendor-completions \
	  $(DESTDIR)$(docdir)/examples/scenarios $(DESTDIR)$(docdir)/examples/deploy $(DESTDIR)$(unitdir)
	install -m 0755 $(B)/esimrig $(DESTDIR)$(bindir)/esimrig
	$(INSTALL) $(B)/manual/*.1 $(DESTDIR)$(mandir)/man1/
	$(INSTALL) $(B)/manual/esimrig.bash $(DESTDIR)$(datadir)/bash-completion/completions/esimrig
	$(INSTALL) $(B)/manual/_esimrig $(DESTDIR)$(datadir)/zsh/vendor-completions/_esimrig
	$(INSTALL) $(B)/manual/*.schema.json server/openapi.yaml $(DESTDIR)$(datadir)/esimrig/
	$(INSTALL) eis/openapi.yaml $(DESTDIR)$(datadir)/esimrig/eis-openapi.yaml
	for f in $(DOCS); do $(INSTALL) -D $$f $(DESTDIR)$(docdir)/$${f#docs/} || exit 1; done
	$(INSTALL) docs/deploy/*.yaml $(DESTDIR)$(docdir)/examples/deploy/
	cp -R $(SUITES) $(DESTDIR)$(docdir)/examples/scenarios/
	chmod -R u=rwX,go=rX $(DESTDIR)$(docdir)/examples
	for u in $(UNITS); do sed 's|@bindir@|$(bindir)|' $$u >$(DESTDIR)$(unitdir)/$${u##*/} && \
	  chmod 0644 $(DESTDIR)$(unitdir)/$${u##*/} || exit 1; done

uninstall:
	rm -f $(DESTDIR)$(bindir)/esimrig $(DESTDIR)$(mandir)/man1/esimrig.1 $(DESTDIR)$(mandir)/man1/esimrig-*.1 \
	  $(DESTDIR)$(datadir)/bash-completion/completions/esimrig \
	  $(DESTDIR)$(datadir)/zsh/vendor-completions/_esimrig $(UNITS:packaging/systemd/%=$(DESTDIR)$(unitdir)/%)
	rm -rf $(DESTDIR)$(datadir)/esimrig $(DESTDIR)$(docdir)

deb: deps
	@packaging/build-deb $(B)/deb
package-check: deb
	@.ci/package-check $(B)/deb/esimrig_*.deb

$(B)/lib.a: $(LIB:%.c=$(B)/%.o)
	@rm -f $@
	$(AR) rcs $@ $^

$(B)/%_test: $(B)/%_test.o $(B)/lib.a
	$(CC) $(LDFLAGS) -o $@ $^ $(shell pkg-config --libs check) $(LDLIBS)

$(B)/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) -c -o $@ $<

# The checks and the demos go into the program, with what these include; the archive is
# new only if they are.
SHIPPED = conformance/suites conformance/requirements.yaml scenarios/demo \
          scenarios/suites/_always.yaml scenarios/suites/_world.yaml
$(B)/scenarios/shipped.o: CPPFLAGS += -DSHIPPED_ARCHIVE='"$(B)/shipped.tar"'
$(B)/scenarios/shipped.o: $(B)/shipped.tar
$(B)/shipped.tar: FORCE
	@mkdir -p $(@D)
	@find $(SHIPPED) -name '*.yaml' | LC_ALL=C sort | \
	  tar --format=ustar --mtime=@0 --owner=0 --group=0 --numeric-owner --mode=0444 -cf $@.$$PPID -T -
	@cmp -s $@.$$PPID $@ && rm $@.$$PPID || mv $@.$$PPID $@

# The dashboard, too.
PAGE_FILES = $(sort $(wildcard $(addprefix cli/dashboard/,*.html *.css *.js *.svg *.json *.woff2 vendor/*)))
$(B)/cli/page.o: CPPFLAGS += -DPAGE_ARCHIVE='"$(B)/page.tar"'
$(B)/cli/page.o: $(B)/page.tar
$(B)/page.tar: FORCE
	@mkdir -p $(@D)
	@printf '%s\n' $(PAGE_FILES) | \
	  tar --format=ustar --mtime=@0 --owner=0 --group=0 --numeric-owner --mode=0444 -cf $@.$$PPID -T -
	@cmp -s $@.$$PPID $@ && rm $@.$$PPID || mv $@.$$PPID $@

define program
$(B)/$(patsubst %_main.c,%,$(notdir $(1))): $(1:%.c=$(B)/%.o) $(B)/lib.a
	$$(CC) $$(LDFLAGS) -o $$@ $$^ $$(LDLIBS)
endef
$(foreach m,$(MAINS),$(eval $(call program,$(m))))

# What a bare Debian 12 lacks.
deps:
	@pkg-config --exists check $(PKGS) 2>/dev/null && command -v $(CC) >/dev/null && command -v openssl >/dev/null || \
	  { sudo=$$(command -v sudo || true); [ "$$(id -u)" = 0 ] && sudo=; \
	    $$sudo apt-get update -qq && \
	    DEBIAN_FRONTEND=noninteractive $$sudo apt-get install -y -qq --no-install-recommends $(DEBS); }

lint:
	@.ci/lint
	@.ci/lint-test

# Seeds are read from foo_fuzz_corpus/ beside foo_fuzz.c; finds stay in $(B)/fuzz.
SECONDS  ?= 5
fuzz:
	@$(SUBMAKE) FUZZ=1 fuzz-built
fuzz-built: $(FUZZERS:%.c=$(B)/%)
fuzz-run: fuzz
	@for f in $(FUZZERS:%.c=%); do echo "== $$f"; \
	  mkdir -p $(B)/fuzz/$${f}_finds; seeds=$${f}_corpus; [ -d $$seeds ] || seeds=; \
	  $(B)/fuzz/$$f -max_total_time=$(SECONDS) -verbosity=0 -print_final_stats=1 \
	    -timeout=5 -rss_limit_mb=1024 -artifact_prefix=$(B)/fuzz/$${f}- \
	    $(B)/fuzz/$${f}_finds $$seeds || exit 1; done
$(B)/%_fuzz: $(B)/%_fuzz.o $(B)/lib.a
	$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS)

clean:
	rm -rf build

.PHONY: FORCE all programs everything pages install uninstall deb package-check check check-built deps run run-sockets openapi schema check-browser soak conform conform-sockets conform-example gallery docs lint fuzz fuzz-built fuzz-run bench clean
.SECONDARY:
-include $(patsubst %.c,$(B)/%.d,$(SRCS))

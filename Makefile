# `make demo` and `make test`, and as root `make test-cluster`. Each sets up what it needs: .venv
# from envs/requirements.txt, and BEDTools and curl. `make help` lists all.

PYTHON ?= python3
CORES ?= 2
VENV := .venv
BIN := $(CURDIR)/$(VENV)/bin
TOOLS := bedtools curl
APT := DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends
SLURM := slurm-wlm munge slurmdbd mariadb-server
DAEMONS := slurmctld slurmd slurmdbd munged mariadbd mariadb-install-db
STUDIES := deepchrome transferchrome deepdiff dense_ensemble wakawaka gaps ablation benchmark
export PATH := $(BIN):$(PATH)

.PHONY: help demo test test-cluster lint setup tools docs graph clean

help: ## this list
	@grep -E '^[a-z-]+:.*##' Makefile | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 16

demo: setup ## the whole pipeline on a simulated mirror, into demo/
	snakemake --cores $(CORES) --directory demo --configfile config/demo.yaml \
		--report results/report.html --report-after-run
	@echo
	@echo "Done. Open demo/results/report.html in a browser."
	@echo "The scores are in demo/results/metrics/deepchrome.tsv"

test: lint ## lint, unit tests, and the pipeline on small and on real inputs
	python -m pytest --numprocesses $(CORES) --dist loadfile --no-loadscope-reorder \
		--durations=6

test-cluster: setup ## the demo's study through a real Slurm of one node (root, Debian or Ubuntu)
	for tool in $(DAEMONS); do command -v $$tool >/dev/null || missing=1; done; \
	[ -z "$$missing" ] || { apt-get update -qq && $(APT) $(SLURM) >/dev/null; }
	python -m pytest -s tests/cluster

docs: setup ## config/config.yaml and docs/configuration.md, from the models of the settings
	cd workflow/scripts && python -m markexpr.settings.reference

graph: setup ## docs/rules.svg: the rules of all studies and what feeds what (needs graphviz)
	snakemake --rulegraph -- $(STUDIES) results/reproduction.html | \
	dot -Tsvg -Grankdir=LR -Gnodesep=0.12 -Granksep=0.45 -Gconcentrate=true -Nheight=0.3 \
		-Earrowsize=0.6 -Epenwidth=1 >docs/rules.svg

lint: setup ## ruff, snakefmt, snakemake --lint
	ruff check .
	ruff format --check .
	snakefmt --check Snakefile rules
	snakemake --lint

setup: tools $(VENV)/installed ## .venv with all that is needed, and the tools

$(VENV)/installed: envs/requirements.txt envs/constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	{ echo "Python 3.11 is needed: make PYTHON=/path/to/python3.11 $(MAKECMDGOALS)"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	"$(BIN)/python" -m pip install --quiet \
		--requirement envs/requirements.txt --constraint envs/constraints.txt
	@touch $@

# From the system. As root on Debian or Ubuntu they are installed, elsewhere one line says how.
tools:
	@missing=""; \
	for tool in $(TOOLS); do command -v $$tool >/dev/null || missing="$$missing $$tool"; done; \
	if [ -z "$$missing" ]; then exit 0; fi; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		apt-get update -qq && $(APT) $$missing >/dev/null; \
	else \
		echo "Not found:$$missing. Install with 'sudo apt-get install$$missing'"; \
		echo "or 'conda install -c conda-forge -c bioconda$$missing', then run make again."; \
		exit 1; \
	fi

clean: ## remove what the demos made
	rm -rf demo demo_dna

# Two commands: `make demo` and `make test`; and `make test-cluster`, as root. Each sets up what it
# needs: .venv from envs/requirements.txt, and BEDTools.

PYTHON ?= python3
CORES ?= 2
VENV := .venv
BIN := $(CURDIR)/$(VENV)/bin
TOOLS := bedtools curl
export PATH := $(BIN):$(PATH)

.PHONY: demo test test-cluster lint setup tools docs graph clean

demo: setup ## the whole pipeline on a simulated mirror, into demo/
	snakemake --cores $(CORES) --directory demo --configfile config/demo.yaml --report results/report.html --report-after-run
	@echo
	@echo "Done. Open demo/results/report.html in a browser; the scores are in demo/results/metrics/deepchrome.tsv"

test: lint ## lint, unit tests, and the pipeline on small and on real inputs
	python -m pytest --numprocesses $(CORES) --dist loadfile --durations=6

test-cluster: setup ## the demo's study through a real Slurm of one node, brought up for the test (root, Debian or Ubuntu)
	for tool in slurmctld slurmd slurmdbd munged mariadbd mariadb-install-db; do command -v $$tool >/dev/null || missing=1; done; \
	[ -z "$$missing" ] || { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends slurm-wlm munge slurmdbd mariadb-server >/dev/null; }
	python -m pytest -s tests/cluster

docs: setup ## config/config.yaml and docs/configuration.md, from the models of the settings
	cd workflow/scripts && python -m markexpr.settings.reference

graph: setup ## docs/rules.svg: the rules of all studies and what feeds what (needs graphviz)
	snakemake --rulegraph -- deepchrome transferchrome deepdiff dense_ensemble wakawaka | \
	dot -Tsvg -Grankdir=LR -Gnodesep=0.12 -Granksep=0.45 -Gconcentrate=true -Nheight=0.3 -Earrowsize=0.6 -Epenwidth=1 >docs/rules.svg

lint: setup
	ruff check .
	ruff format --check .
	snakefmt --check Snakefile rules
	snakemake --lint

setup: tools $(VENV)/installed

$(VENV)/installed: envs/requirements.txt envs/constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 is needed: make PYTHON=/path/to/python3.11 $(MAKECMDGOALS)"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	"$(BIN)/python" -m pip install --quiet --requirement envs/requirements.txt --constraint envs/constraints.txt
	@touch $@

# BEDTools and curl from the system; as root on Debian or Ubuntu they are installed, elsewhere one line says how.
tools:
	@missing=""; for tool in $(TOOLS); do command -v $$tool >/dev/null || missing="$$missing $$tool"; done; \
	if [ -z "$$missing" ]; then exit 0; fi; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends $$missing >/dev/null; \
	else \
		echo "Not found:$$missing. Install with 'sudo apt-get install$$missing' or 'conda install -c conda-forge -c bioconda$$missing', then run make again."; exit 1; \
	fi

clean: ## remove what the demos made
	rm -rf demo demo_dna

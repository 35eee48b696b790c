# The pipeline with all that it needs, from the same pins as `make setup`. From a clone:
#   docker build --tag markexpr .
#   mkdir -p run
#   docker run --rm --user "$(id -u):$(id -g)" --volume "$PWD/run:/work" markexpr --cores 16
# With a GPU add `--gpus all`. With Apptainer:
# `apptainer build markexpr.sif docker-daemon://markexpr:latest`, then
# `apptainer run --nv markexpr.sif --cores 16`.
FROM debian:bookworm-slim

RUN apt-get update \
    && apt-get install --yes --no-install-recommends \
        bedtools ca-certificates curl libgomp1 procps python3 python3-venv \
    && rm -rf /var/lib/apt/lists/*

COPY envs/requirements.txt envs/constraints.txt /opt/markexpr/envs/
RUN python3 -m venv /opt/venv \
    && /opt/venv/bin/pip install --no-cache-dir \
        --requirement /opt/markexpr/envs/requirements.txt \
        --constraint /opt/markexpr/envs/constraints.txt

COPY . /opt/markexpr

# a home that any user may write to, and a name for users that the image does not know
ENV PATH=/opt/venv/bin:$PATH HOME=/tmp USER=markexpr
WORKDIR /work
ENTRYPOINT ["snakemake", "--snakefile", "/opt/markexpr/Snakefile"]
CMD ["--help"]

#!/usr/bin/env bash
# One job on Slurm: sbatch cluster/slurm.sh jobs/regularization_grid.py. See cluster/README.md.
# Not run on Slurm by the authors yet; `ray symmetric-run` was, on two machines with a token.
#SBATCH --job-name=cnnjobs
#SBATCH --nodes=4
#SBATCH --ntasks-per-node=1
#SBATCH --cpus-per-task=8
#SBATCH --gpus-per-node=1
#SBATCH --time=12:00:00
# Alone on its nodes: at the end `ray stop` ends every Ray process that you have on them.
#SBATCH --exclusive
set -euo pipefail

# The token is read from ~/.ray/auth_token: homes are shared by the nodes.
export RAY_AUTH_MODE=token RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO=1
# Ray makes its folders writable by all, and whoever can change them runs code as you: their parent is yours alone.
export RAY_TMPDIR=/tmp/cnnjobs-ray-$SLURM_JOB_ID
on_all_nodes() { srun --ntasks="$SLURM_JOB_NUM_NODES" --ntasks-per-node=1 "$@"; }
on_all_nodes mkdir -m 700 "$RAY_TMPDIR"   # fails where another user has made one
trap 'on_all_nodes rm -rf "$RAY_TMPDIR"' EXIT
head=$(scontrol show hostnames "$SLURM_JOB_NODELIST" | head -n 1)
srun --cpus-per-task="$SLURM_CPUS_PER_TASK" \
    ray symmetric-run --address "$head:6379" --min-nodes "$SLURM_JOB_NUM_NODES" \
    --num-cpus "$SLURM_CPUS_PER_TASK" --dashboard-host=127.0.0.1 --disable-usage-stats -- \
    cnnjobs submit "$@"

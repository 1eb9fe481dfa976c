"""The Parquet store: three flat tables a job, committed trial by trial."""

"""Pictures inside files of many: Parquet and TFRecord."""

"""Tables of pictures: CSV, TSV and Parquet that name files and their classes."""

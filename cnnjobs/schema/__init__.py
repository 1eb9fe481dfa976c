"""What programs read: documents of `--format json`, their rules, and the JSON Schema that describes them."""

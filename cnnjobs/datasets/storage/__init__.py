"""Where data lie: paths, URIs, object storage, and the cache of what was decoded."""

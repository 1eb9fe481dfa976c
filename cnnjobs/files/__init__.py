"""What files are, wherever they lie: digests of content, what is not read, URIs and object storage."""

"""What polls take: time, processor, requests, database and memory, beside a limit that is measured in the same run."""

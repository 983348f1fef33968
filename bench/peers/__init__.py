"""The other servers Kapok is compared with, each in its own folder, each one process."""

"""What can be done to end users and their sessions. One topic a file; every function names what it raises."""

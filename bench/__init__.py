"""`make bench`: Kapok against its ceiling and its peers, in one run on one machine."""

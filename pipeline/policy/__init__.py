"""What an operator does not allow: faces on a list, content that a gate turns down."""

from pipeline.policy.identities import Listed, Listing, Listings
from pipeline.policy.policy import EVERYTHING, Policy

__all__ = ["EVERYTHING", "Listed", "Listing", "Listings", "Policy"]

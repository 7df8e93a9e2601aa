"""The dynamic proof: real packets through the running lab, every one accounted for (docs/proof.md, Packets)."""

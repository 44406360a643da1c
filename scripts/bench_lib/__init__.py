"""What scripts/bench measures: ratios against the bare libraries, and the handover on a real Asterisk."""

"""What knows Asterisk: ARI, AMI, FastAGI and the media transports."""

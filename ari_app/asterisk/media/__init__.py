"""Sound between Asterisk's external media channels and the application, over RTP or WebSocket."""

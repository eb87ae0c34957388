"""One item from its source into the lake and the warehouse; what the assets call."""

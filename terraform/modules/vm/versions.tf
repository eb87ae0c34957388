terraform {
  # No provider: what comes out is text that every cloud gives its machines.
  required_version = ">= 1.11"
}

terraform {
  # 1.11 is the first with write-only arguments, by which no password enters the state.
  required_version = ">= 1.11"

  required_providers {
    google = {
      source  = "hashicorp/google"
      version = ">= 6.50, < 8.0"
    }
  }
}

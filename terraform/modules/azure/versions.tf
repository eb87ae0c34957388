terraform {
  # 1.11 is the first with write-only arguments, by which no password enters the state.
  required_version = ">= 1.11"

  required_providers {
    azurerm = {
      source  = "hashicorp/azurerm"
      version = ">= 4.80, < 6.0"
    }
  }
}

variable "repository" {
  description = "Where the machine gets this project from: an https address that git can clone without a login."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^https://[A-Za-z0-9./_-]+$", var.repository))
    error_message = "It starts with https:// and holds no credentials."
  }
}

variable "revision" {
  description = "Which commit to run, by its whole name."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[0-9a-f]{40}$", var.revision))
    error_message = "Give the 40 digits of a commit: a branch or a tag can be moved to something else."
  }
}

variable "public_names" {
  description = "Names or addresses by which others reach the stack: adds the production overlay with TLS and a proxy that asks for a password. None: everything stays on the machine's loopback."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for name in var.public_names : can(regex("^[A-Za-z0-9.-]+$", name))])
    error_message = "Names or addresses alone, without scheme or port."
  }
}

variable "ssh_keys" {
  description = "Public keys that may log in as user iracing. None where the cloud has a way in of its own."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for key in var.ssh_keys : can(regex("^(ssh-ed25519|ecdsa-sha2-nistp256|sk-ssh-ed25519@openssh.com|ssh-rsa) [A-Za-z0-9+/=]+", key))])
    error_message = "These are no public keys."
  }
}

variable "ssh_from" {
  description = "Address ranges from which SSH is let in. Nobody by default."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for cidr in var.ssh_from : can(cidrhost(cidr, 0)) && !endswith(cidr, "/0")])
    error_message = "Name address ranges, and not the whole internet."
  }
  validation {
    condition     = length(var.ssh_from) == 0 || length(var.ssh_keys) > 0
    error_message = "SSH takes keys alone: give ssh_keys, or no ssh_from."
  }
}

variable "swap_gb" {
  description = "Swap, for the hour in which a season is loaded on a small machine."
  type        = number
  default     = 2
  nullable    = false

  validation {
    condition     = var.swap_gb >= 0 && var.swap_gb <= 16 && floor(var.swap_gb) == var.swap_gb
    error_message = "Use 0 to 16 whole gigabytes."
  }
}

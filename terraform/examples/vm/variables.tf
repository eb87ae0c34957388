variable "region" {
  description = "Where it runs."
  type        = string
  default     = "eu-west-1"
  nullable    = false
}

variable "instance_type" {
  description = "Two ARM processors and 4 GB are enough for one driver."
  type        = string
  default     = "t4g.medium"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z]+[0-9]+g[a-z]*\\.", var.instance_type))
    error_message = "Choose one with ARM processors, such as t4g.medium: the machine's image is for these."
  }
}

variable "disk_gb" {
  description = "Disk for images, database, lake and metrics."
  type        = number
  default     = 40
  nullable    = false

  validation {
    condition     = var.disk_gb >= 20
    error_message = "The stack's images alone need 10 GB: use 20 or more."
  }
}

variable "backup_days" {
  description = "How many nightly snapshots of the disk are kept."
  type        = number
  default     = 7
  nullable    = false

  validation {
    condition     = var.backup_days >= 7
    error_message = "Keep 7 or more."
  }
}

variable "repository" {
  description = "Where the machine gets this project from; see the module."
  type        = string
  nullable    = false
}

variable "revision" {
  description = "Which commit to run; see the module."
  type        = string
  nullable    = false
}

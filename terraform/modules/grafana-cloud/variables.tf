variable "name" {
  description = "Name of the stack."
  type        = string
  default     = "iRacing"
  nullable    = false

  validation {
    condition     = length(var.name) >= 3 && length(var.name) <= 64
    error_message = "Use 3 to 64 characters."
  }
}

variable "slug" {
  description = "The stack's part of https://SLUG.grafana.net; nobody else may have it."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9]{2,28}$", var.slug))
    error_message = "Use 3 to 29 small letters and digits, beginning with a letter."
  }
}

variable "region" {
  description = "Where the stack is, as Grafana Cloud calls it: eu, us, prod-eu-west-2 and the like."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]+$", var.region))
    error_message = "Use Grafana Cloud's short name of the region, in small letters."
  }
}

variable "deletion_protection" {
  description = "Whether the stack refuses to be destroyed."
  type        = bool
  default     = true
  nullable    = false
}

variable "token_days" {
  description = "How long a token is good. It is replaced by an apply in its last fifth, so apply more often than that."
  type        = number
  default     = 90
  nullable    = false

  validation {
    condition     = var.token_days >= 10 && var.token_days <= 365 && floor(var.token_days) == var.token_days
    error_message = "Use whole days, from 10 to 365."
  }
}

variable "private_database" {
  description = "Whether Grafana Cloud reads a database that it cannot reach, through an agent beside it that connects outward."
  type        = bool
  default     = true
  nullable    = false
}

variable "labels" {
  description = "Labels of the stack."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = length(var.labels) <= 10 && alltrue([for key, value in var.labels : can(regex("^[a-zA-Z0-9/\\-.]+$", key)) && can(regex("^[a-zA-Z0-9/\\-.]+$", value))])
    error_message = "At most 10, of letters, digits, /, - and dots."
  }
}

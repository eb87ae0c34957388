# A subnet for containers, one for the database. The database has an address in it and no other.

resource "azurerm_virtual_network" "this" {
  name                = local.prefix
  resource_group_name = azurerm_resource_group.this.name
  location            = var.region
  address_space       = [var.network_cidr]
  tags                = local.tags
}

resource "azurerm_subnet" "containers" {
  name                 = "containers"
  resource_group_name  = azurerm_resource_group.this.name
  virtual_network_name = azurerm_virtual_network.this.name
  address_prefixes     = [cidrsubnet(var.network_cidr, 4, 0)]
  service_endpoints    = ["Microsoft.KeyVault", "Microsoft.Storage"]

  delegation {
    name = "containers"
    service_delegation {
      name    = "Microsoft.App/environments"
      actions = ["Microsoft.Network/virtualNetworks/subnets/join/action"]
    }
  }
}

resource "azurerm_subnet" "database" {
  name                 = "database"
  resource_group_name  = azurerm_resource_group.this.name
  virtual_network_name = azurerm_virtual_network.this.name
  address_prefixes     = [cidrsubnet(var.network_cidr, 4, 8)]
  service_endpoints    = ["Microsoft.Storage"]

  delegation {
    name = "database"
    service_delegation {
      name    = "Microsoft.DBforPostgreSQL/flexibleServers"
      actions = ["Microsoft.Network/virtualNetworks/subnets/join/action"]
    }
  }
}

# What is not allowed here is decided by Azure's own rules: inside the network yes, from outside no.
resource "azurerm_network_security_group" "database" {
  name                = "${local.prefix}-database"
  resource_group_name = azurerm_resource_group.this.name
  location            = var.region
  tags                = local.tags

  security_rule {
    name                       = "containers"
    priority                   = 100
    direction                  = "Inbound"
    access                     = "Allow"
    protocol                   = "Tcp"
    source_address_prefixes    = azurerm_subnet.containers.address_prefixes
    source_port_range          = "*"
    destination_address_prefix = "*"
    destination_port_range     = "5432"
  }
  # The server speaks to itself, and to its standby.
  security_rule {
    name                       = "database"
    priority                   = 110
    direction                  = "Inbound"
    access                     = "Allow"
    protocol                   = "Tcp"
    source_address_prefixes    = azurerm_subnet.database.address_prefixes
    source_port_range          = "*"
    destination_address_prefix = "*"
    destination_port_ranges    = ["5432", "6432"]
  }
  security_rule {
    name                       = "nobody-else"
    priority                   = 4000
    direction                  = "Inbound"
    access                     = "Deny"
    protocol                   = "*"
    source_address_prefix      = "*"
    source_port_range          = "*"
    destination_address_prefix = "*"
    destination_port_range     = "*"
  }
}

resource "azurerm_subnet_network_security_group_association" "database" {
  subnet_id                 = azurerm_subnet.database.id
  network_security_group_id = azurerm_network_security_group.database.id
}

resource "azurerm_network_security_group" "containers" {
  name                = "${local.prefix}-containers"
  resource_group_name = azurerm_resource_group.this.name
  location            = var.region
  tags                = local.tags
}

resource "azurerm_subnet_network_security_group_association" "containers" {
  subnet_id                 = azurerm_subnet.containers.id
  network_security_group_id = azurerm_network_security_group.containers.id
}

resource "azurerm_private_dns_zone" "database" {
  name                = "${local.prefix}.postgres.database.azure.com"
  resource_group_name = azurerm_resource_group.this.name
  tags                = local.tags
}

resource "azurerm_private_dns_zone_virtual_network_link" "database" {
  name                  = local.prefix
  resource_group_name   = azurerm_resource_group.this.name
  private_dns_zone_name = azurerm_private_dns_zone.database.name
  virtual_network_id    = azurerm_virtual_network.this.id
  tags                  = local.tags
}

resource "azurerm_public_ip" "nat" {
  count               = var.nat ? 1 : 0
  name                = "${local.prefix}-nat"
  resource_group_name = azurerm_resource_group.this.name
  location            = var.region
  allocation_method   = "Static"
  sku                 = "Standard"
  tags                = local.tags
}

resource "azurerm_nat_gateway" "this" {
  count               = var.nat ? 1 : 0
  name                = local.prefix
  resource_group_name = azurerm_resource_group.this.name
  location            = var.region
  sku_name            = "Standard"
  tags                = local.tags
}

resource "azurerm_nat_gateway_public_ip_association" "this" {
  count                = var.nat ? 1 : 0
  nat_gateway_id       = azurerm_nat_gateway.this[0].id
  public_ip_address_id = azurerm_public_ip.nat[0].id
}

resource "azurerm_subnet_nat_gateway_association" "containers" {
  count          = var.nat ? 1 : 0
  subnet_id      = azurerm_subnet.containers.id
  nat_gateway_id = azurerm_nat_gateway.this[0].id
}

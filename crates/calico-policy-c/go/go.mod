module calicopolicy

go 1.24

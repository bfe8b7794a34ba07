"""How strange each of many sources is: forests, neighbourhoods, noise, modalities; arrays in, arrays out."""

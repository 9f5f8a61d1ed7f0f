// Real business cycle with leisure (Aruoba, Fernandez-Villaverde and Rubio-Ramirez, 2006).
var c k l y w z;
varexo e;
parameters alpha beta gamma theta delta rho;

alpha = 0.4; beta = 0.9896; gamma = 2; theta = 0.357; delta = 0.0196; rho = 0.95;

model;
  # utility = theta*c^(theta*(1-gamma)-1)*(1-l)^((1-theta)*(1-gamma));
  # utility_next = theta*c(+1)^(theta*(1-gamma)-1)*(1-l(+1))^((1-theta)*(1-gamma));
  utility = beta*utility_next*(1 - delta + alpha*y(+1)/k);
  (1-theta)/theta*c/(1-l) = w;
  w = (1-alpha)*y/l;
  y = exp(z)*k(-1)^alpha*l^(1-alpha);
  c + k = y + (1-delta)*k(-1);
  z = rho*z(-1) + e;
end;

initval;
  l = 0.3; k = 20; y = 1.7; c = 1.3; w = 3; z = 0;
end;

shocks;
  var e; stderr 0.007;
end;
